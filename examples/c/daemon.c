/* A daemon that keeps Daemonry's contract, in C with POSIX threads.
 *
 * usage: daemon [STATE]
 *
 * It answers each line NAME with "hello, NAME" once it has read the file STATE,
 * and takes connections from its first moment.   cc -pthread -o daemon daemon.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN = 8 }; /* seconds; less than the 10 after which it would be killed */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards loaded and serving */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int loaded, serving;
static int wake[2]; /* written to by the signal's handler */

static void fail(const char *what) { perror(what); exit(1); }

static socklen_t address(struct sockaddr_un *a, const char *path) {
	size_t n = strlen(path);
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (n == 0 || n >= sizeof a->sun_path) { errno = ENAMETOOLONG; fail(path); }
	memcpy(a->sun_path, path, n);
	if (*path == '@') a->sun_path[0] = 0; /* an abstract name has no end but its length */
	return offsetof(struct sockaddr_un, sun_path) + n + (*path != '@');
}

/* The inherited listener (sd_listen_fds(3)), else one at DAEMONRY_ENDPOINT. */
static int take_listener(void) {
	const char *pid = getenv("LISTEN_PID"), *path = getenv("DAEMONRY_ENDPOINT");
	struct sockaddr_un a;
	int l = 3;
	if (!pid || atol(pid) != (long)getpid()) {
		if (!path) { fprintf(stderr, "daemon: neither LISTEN_FDS nor DAEMONRY_ENDPOINT is set\n"); exit(1); }
		socklen_t n = address(&a, path);
		l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (l < 0 || bind(l, (struct sockaddr *)&a, n) < 0 || listen(l, SOMAXCONN) < 0) fail(path);
	}
	fcntl(l, F_SETFD, FD_CLOEXEC); /* no child holds it */
	fcntl(l, F_SETFL, fcntl(l, F_GETFL) | O_NONBLOCK); /* another copy may take what poll has seen */
	return l;
}

/* Tells whoever started us, if anybody; nobody has to listen. */
static void notify(const char *text) {
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a;
	if (!path || !*path) return;
	socklen_t n = address(&a, path);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0) return;
	sendto(s, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&a, n);
	close(s);
}

/* Runs beside the accept loop, however long it takes. */
static void *load(void *path) {
	char buffer[4096];
	if (path) {
		FILE *f = fopen(path, "re");
		if (!f) fail(path);
		while (fread(buffer, 1, sizeof buffer, f) > 0) {}
		fclose(f);
	}
	pthread_mutex_lock(&lock);
	loaded = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	notify("READY=1\nSTATUS=");
	return NULL;
}

static void *answer(void *stream) {
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stream) > 0) {
		pthread_mutex_lock(&lock);
		while (!loaded) pthread_cond_wait(&changed, &lock); /* only the first clients wait here */
		pthread_mutex_unlock(&lock);
		if (dprintf(fileno(stream), "hello, %s", line) < 0) break;
	}
	free(line);
	fclose(stream);
	pthread_mutex_lock(&lock);
	serving--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void run(void *(*f)(void *), void *arg) {
	pthread_t t;
	if ((errno = pthread_create(&t, NULL, f, arg))) fail("pthread_create");
	pthread_detach(t);
}

static void stop(int sig) { int e = errno; (void)sig; if (write(wake[1], "", 1) < 0) {} errno = e; }

int main(int argc, char **argv) {
	int l = take_listener();
	struct sigaction on_term = {.sa_handler = stop, .sa_flags = SA_RESTART};
	if (pipe2(wake, O_CLOEXEC) < 0) fail("pipe2");
	sigaction(SIGTERM, &on_term, NULL);
	signal(SIGPIPE, SIG_IGN);
	notify("STATUS=loading"); /* before the first accept, which is not readiness then */
	run(load, argc > 1 ? argv[1] : NULL);
	struct pollfd on[] = {{.fd = l, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
	while (poll(on, 2, -1) < 0 || !on[1].revents) {
		int c = accept4(l, NULL, NULL, SOCK_CLOEXEC);
		if (c < 0) continue;
		FILE *stream = fdopen(c, "r");
		if (!stream) { close(c); continue; }
		pthread_mutex_lock(&lock);
		serving++;
		pthread_mutex_unlock(&lock);
		run(answer, stream);
	}
	close(l); /* never shutdown(): others have it too */
	notify("STOPPING=1");
	struct timespec end;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += DRAIN;
	pthread_mutex_lock(&lock);
	while (serving > 0 && pthread_cond_timedwait(&changed, &lock, &end) == 0) {}
	return 0;
}
