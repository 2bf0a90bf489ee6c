//go:build linux && foreign

package backendtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/daemonry/daemonry/backendtest"
)

// Real daemons of other people that take listeners, as Debian ships them.

// web is what all of them are asked.
func web(c backendtest.Command) backendtest.Command {
	c.Modes = []backendtest.Mode{backendtest.Inherit}
	c.Send, c.Expect = "GET / HTTP/1.0\r\n\r\n", "hello from the web"
	return generous(c)
}

// place is a short directory for a socket and configuration.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "dw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

const nginxConf = `
daemon off;
pid DIR/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path DIR/a; proxy_temp_path DIR/b; fastcgi_temp_path DIR/c; uwsgi_temp_path DIR/d; scgi_temp_path DIR/e;
	server {
		listen unix:DIR/web.sock;
		location / { return 200 "hello from the web\n"; }
	}
}
`

// nginx takes descriptors from NGINX, knows its listener by the path of its
// configuration, and ends well at SIGQUIT.
func TestNginx(t *testing.T) {
	t.Parallel()
	dir := place(t)
	conf := written(t, dir, "conf", strings.ReplaceAll(nginxConf, "DIR", dir))
	backendtest.Run(t, web(backendtest.Command{
		Args:       []string{installed(t, "nginx", "nginx-light"), "-c", conf, "-e", "stderr"},
		Env:        []string{"NGINX=3:"},
		Endpoint:   filepath.Join(dir, "web.sock"),
		StopSignal: syscall.SIGQUIT,
	}))
}

const lighttpdConf = `
server.document-root = "DIR"
server.bind = "DIR/web.sock"
server.systemd-socket-activation = "enable"
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html" )
`

// lighttpd ends well at SIGINT.
func TestLighttpd(t *testing.T) {
	t.Parallel()
	dir := place(t)
	conf := written(t, dir, "conf", strings.ReplaceAll(lighttpdConf, "DIR", dir))
	written(t, dir, "index.html", "hello from the web\n")
	backendtest.Run(t, web(backendtest.Command{
		Args:       []string{installed(t, "lighttpd", "lighttpd"), "-D", "-f", conf},
		Endpoint:   filepath.Join(dir, "web.sock"),
		StopSignal: syscall.SIGINT,
	}))
}

const app = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from the web\n"]
`

func TestGunicorn(t *testing.T) {
	t.Parallel()
	dir := place(t)
	written(t, dir, "greeting.py", app)
	backendtest.Run(t, web(backendtest.Command{
		Args: []string{installed(t, "gunicorn", "gunicorn"), "--chdir", dir, "--worker-tmp-dir", dir, "greeting:app"},
	}))
}
