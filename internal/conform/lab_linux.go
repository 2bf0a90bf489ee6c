package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// service is what the daemon is told it is.
const service = "conform"

// shortBase is how long the directory for temporary files may be, so that
// sockets below it fit sun_path.
const shortBase = 40

// A lab is the place of a run in one mode: directories as a broker has them, and a log.
type lab struct {
	t          Target
	mode       Mode
	root       string
	public     string // path of the endpoint
	private    string // directory of records, locks and private sockets
	log        *os.File
	generation uint64
	deaf       bool // it is known not to end at the stop signal
	announces  bool // it is known to send READY=1
	mute       bool // it is known to speak on the notify socket and not to say READY=1
}

func openLab(t Target, mode Mode) (*lab, error) {
	base := os.TempDir()
	if len(base) > shortBase {
		base = "/tmp"
	}
	root, err := os.MkdirTemp(base, "dc")
	if err != nil {
		return nil, err
	}
	l := &lab{t: t, mode: mode, root: root}
	if err := l.furnish(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	return l, nil
}

func (l *lab) furnish() (err error) {
	dirs := endpoint.Dirs{Runtime: filepath.Join(l.root, "run")}
	l.private, l.public = dirs.Private(""), l.t.Endpoint
	for _, dir := range []string{dirs.Runtime, l.private} {
		if err := endpoint.EnsureDir(dir); err != nil {
			return err
		}
	}
	if l.public == "" {
		l.public, err = endpoint.Path(dirs.Runtime, service, "", "")
	} else {
		err = errors.Join(endpoint.VerifyDir(filepath.Dir(l.public)), endpoint.CheckLen(l.public))
	}
	if err != nil {
		return err
	}
	l.log, err = os.OpenFile(filepath.Join(l.root, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return err
}

func (l *lab) close() error {
	return errors.Join(l.log.Close(), os.RemoveAll(l.root))
}

// A trial is one endpoint, the daemons that are started for it, and their clients.
type trial struct {
	lab      *lab
	from     int64              // where its output begins in the log
	listener *endpoint.Listener // nil in mode bind
	link     string             // second name of the listener
	dev, ino uint64             // of the endpoint's path
	daemons  []*daemon
	clients  []*client
}

// trial makes the endpoint. In mode bind the daemons make it.
func (l *lab) trial() (*trial, error) {
	info, err := l.log.Stat()
	if err != nil {
		return nil, err
	}
	tr := &trial{lab: l, from: info.Size()}
	if err := endpoint.RemoveStale(l.public); err != nil {
		return nil, fmt.Errorf("cannot make the endpoint: %w", err)
	}
	if l.mode == Bind {
		return tr, nil
	}
	if err := tr.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make the endpoint: %w", err), tr.close())
	}
	return tr, nil
}

func (tr *trial) listen() (err error) {
	l := tr.lab
	if tr.listener, err = endpoint.ListenUnix(l.public, endpoint.Backlog()); err != nil {
		return err
	}
	tr.link = filepath.Join(l.private, service+".link")
	if err := os.Link(l.public, tr.link); err != nil {
		return err
	}
	tr.dev, tr.ino, err = endpoint.PathInode(l.public)
	return err
}

// close ends everything that the trial started and removes its endpoint.
func (tr *trial) close() error {
	var errs []error
	for _, c := range tr.clients {
		c.close()
	}
	for _, d := range tr.daemons {
		errs = append(errs, d.finish())
	}
	for _, d := range tr.daemons {
		errs = append(errs, d.close())
	}
	if tr.listener != nil {
		errs = append(errs, killHolders(tr.listener.Inode()), tr.listener.Close())
	}
	tr.removePaths()
	return errors.Join(errs...)
}

// renew makes the endpoint anew, so that starts that are measured do not depend on
// each other.
func (tr *trial) renew() error {
	if tr.listener == nil {
		return nil
	}
	err := tr.listener.Close()
	tr.removePaths()
	return errors.Join(err, tr.listen())
}

func (tr *trial) removePaths() {
	for _, path := range []string{tr.lab.public, tr.link} {
		if path != "" {
			_ = os.Remove(path) // often gone
		}
	}
}

// outputLimit is how much of a daemon's output a result carries, in bytes.
const outputLimit = 2 << 10

// output is what the trial's daemons printed last, in whole lines if it had to be
// cut; "" if it cannot be read.
func (tr *trial) output() string {
	f, err := os.Open(tr.lab.log.Name())
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(tr.from, info.Size()-outputLimit)
	data := make([]byte, info.Size()-from)
	n, _ := f.ReadAt(data, from) // what there is
	if data = data[:n]; from > tr.from {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return string(data)
}

// before connects a client before the daemon is there; in mode bind there is
// nobody to connect to yet, and the result is nil.
func (tr *trial) before(ctx context.Context) (*client, error) {
	if tr.listener == nil {
		return nil, nil
	}
	return tr.dial(ctx, tr.link)
}
