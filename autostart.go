package daemonry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

const (
	// startLimit bounds the wait for a broker to appear on its control socket: it
	// is bound and listening within milliseconds, or something is wrong.
	startLimit = 10 * time.Second
	// startAttempts is how many brokers one call starts that end without a word.
	startAttempts = 3
	// clockSlack is subtracted from the time of a call before it is compared with
	// a file's: file times come from a clock that ticks every 1 to 10 ms.
	clockSlack = 20 * time.Millisecond
	// outputLimit is how much of a broker's last words an Error carries, in bytes.
	outputLimit = 4096
)

// broker returns a connection to the control socket, starting a broker if none
// listens there.
func (c *call) broker(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, c.failure(ctx, "looking for the broker", err)
	}
	dirs, err := endpoint.Locate()
	if err != nil {
		return nil, c.failure(ctx, "", err)
	}
	if err := endpoint.VerifyDir(dirs.Runtime); err != nil && !absent(err) {
		return nil, c.failure(ctx, "", err)
	}
	conn, err := endpoint.Dial(ctx, "unix", dirs.Control())
	if err == nil || !absent(err) {
		return conn, c.failure(ctx, "connecting to the broker", err)
	}
	if c.noStart {
		return nil, c.unavailable("no broker is running, and none was to be started", err)
	}
	program, err := brokerProgram()
	if err != nil {
		return nil, c.unavailable("", err)
	}
	for _, dir := range []string{dirs.Runtime, filepath.Dir(dirs.Control())} {
		if err := endpoint.EnsureDir(dir); err != nil {
			return nil, c.failure(ctx, "", err)
		}
	}
	return c.autostart(ctx, startLimit, dirs, program)
}

func (c *call) unavailable(message string, err error) *Error {
	return &Error{Code: CodeBrokerUnavailable, Op: c.op, Service: c.name.String(), Message: message, Err: err}
}

// autostart starts a broker if it gets the lock, and waits for the one that
// another process starts if it does not, for at most patience.
func (c *call) autostart(ctx context.Context, patience time.Duration, dirs endpoint.Dirs, program string) (net.Conn, error) {
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var pause endpoint.Backoff
	for {
		lock, err := endpoint.TryLock(dirs.Lock())
		if err == nil {
			err = c.startLocked(limit, dirs, program, lock)
		}
		if err != nil && limit.Err() == nil && !errors.Is(err, endpoint.ErrLocked) && !errors.Is(err, endpoint.ErrInUse) {
			return nil, c.failure(ctx, "starting the broker", err)
		}
		conn, err := endpoint.Dial(limit, "unix", dirs.Control())
		if err == nil || !absent(err) && limit.Err() == nil {
			return conn, c.failure(ctx, "connecting to the broker", err)
		}
		if limit.Err() == nil && pause.Wait(limit) == nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, c.failure(ctx, "waiting for the broker to start", err)
		}
		return nil, c.unavailable(fmt.Sprintf("the broker lock %s is held, but after %s nobody listens on %s", dirs.Lock(), patience, dirs.Control()), err)
	}
}

// startLocked starts a broker and gives the lock to it. It looks again first,
// since there may be one by now, and returns ErrInUse then.
func (c *call) startLocked(ctx context.Context, dirs endpoint.Dirs, program string, lock *os.File) error {
	defer lock.Close()
	if err := endpoint.RemoveStale(dirs.Control()); err != nil {
		return err
	}
	if output := c.lastWords(dirs.StartLog()); output != "" {
		e := c.unavailable("the broker ended while it was starting", nil)
		e.Output = output
		return e
	}
	if c.starts == startAttempts {
		return c.unavailable(fmt.Sprintf("%s was started %d times and ended without a word", program, c.starts), nil)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.starts++
	return startBroker(dirs, program, lock)
}

// lastWords returns what a broker printed that died while this call waited for
// it. Older words are of no interest: a new call is a new attempt.
func (c *call) lastWords(path string) string {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(c.began.Add(-clockSlack)) {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(text[max(0, len(text)-outputLimit):]), "\uFFFD")
}

// brokerProgram returns the absolute path of the broker's program:
// $DAEMONRY_BROKER, else "daemonry" beside this program, else on the PATH, else
// this program if it can be a broker (package broker/embed says so in
// $DAEMONRY_EMBEDDED_BROKER).
func brokerProgram() (string, error) {
	if path := os.Getenv("DAEMONRY_BROKER"); path != "" {
		if err := checkProgram(path); err != nil {
			return "", fmt.Errorf("the broker that DAEMONRY_BROKER names cannot be started: %w", err)
		}
		return path, nil
	}
	for _, dir := range programDirs() {
		if path := filepath.Join(dir, brokerName); checkProgram(path) == nil {
			return path, nil
		}
	}
	if path := os.Getenv("DAEMONRY_EMBEDDED_BROKER"); path != "" && checkProgram(path) == nil {
		return path, nil
	}
	return "", fmt.Errorf("no broker is running and none was found to start: DAEMONRY_BROKER is not set, %s is neither beside this program nor in a directory of PATH: install daemonry, or set DAEMONRY_BROKER to its path",
		brokerName)
}

// programDirs leaves out the relative elements of PATH: what is started must not
// depend on the working directory.
func programDirs() []string {
	var dirs []string
	if self, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(self))
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// brokerEnv is the environment without what was meant for this process alone,
// should it be a daemon itself: sd_listen_fds(3), sd_notify(3) and our own.
func brokerEnv(environ []string) []string {
	env := make([]string, 0, len(environ)+1)
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !ownVariable(name) {
			env = append(env, entry)
		}
	}
	return append(env, "DAEMONRY_INHERIT=1")
}

func ownVariable(name string) bool {
	switch name {
	case "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
		"DAEMONRY_INHERIT", "DAEMONRY_SERVICE", "DAEMONRY_VERSION", "DAEMONRY_INSTANCE",
		"DAEMONRY_GENERATION", "DAEMONRY_ENDPOINT", "DAEMONRY_RECORD":
		return true
	}
	return strings.HasPrefix(name, "LISTEN_")
}
