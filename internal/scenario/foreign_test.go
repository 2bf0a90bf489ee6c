//go:build linux && foreign

package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pythonRule is the code of docs/PROTOCOL.md §2, so that the document is true.
func pythonRule(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)In Python:\n\n(.*?)\n\n`).FindSubmatch(doc)
	if block == nil {
		t.Fatal("docs/PROTOCOL.md has no Python block")
	}
	var b strings.Builder
	for line := range strings.Lines(string(block[1])) {
		b.WriteString(strings.TrimPrefix(line, "    "))
	}
	return b.String()
}

// The path rule alone takes a client in another language to a daemon.
func TestPythonClient(t *testing.T) {
	w := start(t)
	w.define("hello", "", "plaind")
	w.define("work", "template = true\n", "plaind")
	w.run("daemonry", "endpoint", "hello")
	cmd := w.command("python3", "-c", pythonRule(t)+"\nprint(s.recv(100).decode())")
	cmd.Path = lookPath(t, "python3")
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(`^\d+ 1\n`).Match(out) {
		t.Errorf("python: %v: %s", err, out)
	}
	want := strings.TrimSpace(w.run("daemonry", "endpoint", "work//home/me/project"))
	cmd = w.command("python3", "-c", pythonRule(t)+"\nprint(endpoint('work', '', '/home/me/project'))")
	cmd.Path = lookPath(t, "python3")
	out, err = cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("python says %q, daemonry %q: %v", out, want, err)
	}
}

// lookPath finds a program of the machine; tests of other languages need it.
func lookPath(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if real, err := filepath.EvalSymlinks(path); err == nil && executable(real) {
			return path
		}
	}
	t.Fatalf("%s is not installed: CONTRIBUTING.md says what the tests need", name)
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// httpDaemon is an HTTP server of Python's standard library on descriptor 3.
const httpDaemon = `import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hello over http\n")
    def address_string(self):
        return "unix"
class Server(http.server.HTTPServer):
    address_family = socket.AF_UNIX
server = Server(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=3)
server.serve_forever()
`

// curl --unix-socket "$(daemonry endpoint web)" reaches an HTTP daemon.
func TestCurlReachesAnHTTPDaemon(t *testing.T) {
	w := start(t)
	script := filepath.Join(w.root, "web.py")
	if err := os.WriteFile(script, []byte(httpDaemon), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("daemonry", "add", "web", "--", lookPath(t, "python3"), script)
	lookPath(t, "curl")
	out := w.shell(`curl -sS --unix-socket "$(daemonry endpoint web)" http://web/`)
	if out != "hello over http\n" {
		t.Errorf("curl got %q", out)
	}
	out = w.shell(`curl -sS --unix-socket ` + w.runtime() + `/broker.d/control.sock -H 'Content-Type: application/json' -d '{"name":"web","waitReady":true}' http://daemonry/daemonry.v1.Broker/Resolve`)
	if !strings.Contains(out, `"state":"ready"`) || !strings.Contains(out, `"address":"`+w.runtime()+`/web.sock"`) {
		t.Errorf("Resolve as JSON said %s", out)
	}
}

// systemd-notify, the stock tool, is understood: it waits for its barrier.
func TestStockSystemdNotify(t *testing.T) {
	w := start(t)
	notify := lookPath(t, "systemd-notify")
	w.writeDefinition("stock", `command = ["/bin/sh", "-c", "`+notify+` --status=warming && `+notify+` --ready && exec sleep 60"]`)
	w.run("daemonry", "start", "--wait-ready", "stock")
	if s := w.service("stock"); !s.Ready || s.Status != "warming" {
		t.Errorf("ready %v, status %q", s.Ready, s.Status)
	}
}
