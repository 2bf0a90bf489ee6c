package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Lab is a private place with programs. Close it.
type Lab struct {
	dir     string // programs, definitions, logs
	fast    string // sockets and records: in memory where the system has a place for that
	domains []*Domain
	serial  int // of paths made

	mu    sync.Mutex // guards procs
	procs map[*Proc]bool

	// PeerError is why there is no go-plugin to compare with; nil: there is.
	PeerError error
}

// The programs that a lab builds.
const (
	Broker   = "daemonry"
	Plain    = "plain"
	SDK      = "sdk"
	Client   = "client"
	GoPlugin = "goplugin"
)

// New makes the directories in the system's place for temporary ones, builds the
// programs, and points this process's environment at both. The go command must be
// there, and the working directory in this module.
func New(ctx context.Context) (*Lab, error) {
	l := &Lab{procs: map[*Proc]bool{}}
	for _, step := range []func(context.Context) error{l.makeDirs, l.build, l.setEnvironment} {
		if err := step(ctx); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

func (l *Lab) makeDirs(context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "db"); err != nil {
		return err
	}
	// Short, for sun_path has 108 bytes.
	if l.fast, err = os.MkdirTemp(fastPlace(), "db"); err != nil {
		return err
	}
	return nil
}

// fastPlace is where a runtime directory would be, if there is such a place: a
// user's runtime directory is in memory.
func fastPlace() string {
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/dev/shm"} {
		if dir != "" && unix.Access(dir, unix.W_OK) == nil {
			return dir
		}
	}
	return ""
}

// Files names the kinds of file system that sockets and records, and the rest, are on.
func (l *Lab) Files() string { return fileSystem(l.fast) + ", logs on " + fileSystem(l.dir) }

func fileSystem(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "unknown"
	}
	switch st.Type {
	case unix.TMPFS_MAGIC:
		return "tmpfs"
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	}
	return fmt.Sprintf("type %#x", st.Type)
}

func (l *Lab) build(ctx context.Context) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	bin := filepath.Join(l.dir, "bin") + "/"
	if err := os.Mkdir(bin, 0o700); err != nil {
		return err
	}
	if err := goCommand(ctx, "-C", root, "build", "-o", bin, "./cmd/daemonry", "./bench/programs/..."); err != nil {
		return err
	}
	// Alone, for it needs modules that may not be to be had.
	l.PeerError = goCommand(ctx, "-C", filepath.Join(root, "bench", "peers"), "build", "-o", bin, "./goplugin")
	return nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

func goCommand(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	// The same programs whether there is a C compiler or not.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s: %w: %s", args[2], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// setEnvironment makes Dial, and every broker that it starts, use the lab.
func (l *Lab) setEnvironment(context.Context) error {
	for _, name := range []string{"DAEMONRY", "DAEMONRY_DOMAIN", "NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Setenv("DAEMONRY_RUNTIME_DIR", filepath.Join(l.fast, "r")),
		os.Setenv("DAEMONRY_CONFIG_DIR", filepath.Join(l.dir, "c")),
		os.Setenv("DAEMONRY_STATE_DIR", filepath.Join(l.dir, "s")),
		os.Setenv("DAEMONRY_BROKER", l.Program(Broker)),
	)
}

// Program returns the path of one of the lab's programs.
func (l *Lab) Program(name string) string { return filepath.Join(l.dir, "bin", name) }

// Path returns a path that was not used before, short enough for a socket.
func (l *Lab) Path() string {
	l.serial++
	return filepath.Join(l.fast, fmt.Sprintf("p%d", l.serial))
}

// Close ends every process of the lab and removes its directories.
func (l *Lab) Close() error {
	var errs []error
	for _, d := range l.domains {
		errs = append(errs, d.Close())
	}
	l.mu.Lock()
	left := make([]*Proc, 0, len(l.procs))
	for p := range l.procs {
		left = append(left, p)
	}
	l.mu.Unlock()
	for _, p := range left {
		p.End()
	}
	return errors.Join(append(errs, os.RemoveAll(l.fast), os.RemoveAll(l.dir))...)
}
