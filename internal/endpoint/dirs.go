package endpoint

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
)

// PrivateDir is the broker's own directory below the runtime directory. Its dot
// keeps it apart from every service and domain.
const PrivateDir = "broker.d"

// Dirs are the three directories of one broker, absolute and clean. They need
// not exist.
type Dirs struct {
	Runtime string // sockets, locks, records
	Config  string // definitions
	State   string // logs, data of daemons
	Domain  string // DAEMONRY_DOMAIN; it is already part of the paths
}

// Control returns the path of the control socket.
func (d Dirs) Control() string { return d.Private("control.sock") }

// Lock returns the path of the broker lock.
func (d Dirs) Lock() string { return d.Private("lock") }

// StartLog returns the path of the file that a broker prints to until it serves.
func (d Dirs) StartLog() string { return d.Private("start.log") }

// Session returns the path of the marker and lock of `daemonry session`.
func (d Dirs) Session() string { return d.Private("session") }

// Private returns the path of name in the broker's own directory.
func (d Dirs) Private(name string) string { return filepath.Join(d.Runtime, PrivateDir, name) }

// Locate derives the directories from the environment and the user's identity,
// as docs/PROTOCOL.md has it. DAEMONRY_RUNTIME_DIR, DAEMONRY_CONFIG_DIR and
// DAEMONRY_STATE_DIR override each, DAEMONRY_DOMAIN moves all three into a
// sub-directory.
//
// Its error is a *SettingError for a variable that is refused, an *UnsafeError
// for a mixed identity: real and effective uid differ, or a directory, or the
// one it would be created in, belongs to another user (as under sudo with a
// kept environment). Modes are left to VerifyDir.
func Locate() (Dirs, error) {
	domain, err := domainName()
	if err != nil {
		return Dirs{}, err
	}
	d := Dirs{Domain: domain}
	for _, place := range []struct {
		dir  *string
		find func() (string, error)
	}{{&d.Runtime, runtimeDir}, {&d.Config, configDir}, {&d.State, stateDir}} {
		base, err := place.find()
		if err != nil {
			return Dirs{}, err
		}
		*place.dir = filepath.Join(base, domain)
		if err := checkOwner(*place.dir); err != nil {
			return Dirs{}, err
		}
	}
	return d, nil
}

// Runtime derives the runtime directory alone, from the environment and without
// looking at the disk. Its errors are Locate's, except that a directory that
// belongs to another user is found by VerifyDir only.
func Runtime() (string, error) {
	domain, err := domainName()
	if err != nil {
		return "", err
	}
	base, err := runtimeBase()
	if err != nil {
		return "", err
	}
	return filepath.Join(base.root+base.below, domain), nil
}

// A location is a directory in two parts, root+below, so that a path in it can
// be put together with a single allocation.
type location struct{ root, below string }

func runtimeBase() (location, error) {
	if err := checkIdentity(); err != nil {
		return location{}, err
	}
	if dir, err := override("DAEMONRY_RUNTIME_DIR"); dir != "" || err != nil {
		return location{root: dir}, err
	}
	return defaultRuntime()
}

func runtimeDir() (string, error) {
	base, err := runtimeBase()
	return base.root + base.below, err
}

func configDir() (string, error) {
	if dir, err := override("DAEMONRY_CONFIG_DIR"); dir != "" || err != nil {
		return dir, err
	}
	return defaultConfig()
}

func stateDir() (string, error) {
	if dir, err := override("DAEMONRY_STATE_DIR"); dir != "" || err != nil {
		return dir, err
	}
	return defaultState()
}

// override returns the directory that the variable names, "" if it is unset or
// empty. A relative one is refused: it would mean another place for every
// working directory, and so another broker.
func override(variable string) (string, error) {
	dir := os.Getenv(variable)
	if dir == "" {
		return "", nil
	}
	if !filepath.IsAbs(dir) {
		return "", &SettingError{Name: variable, Value: dir, Reason: "it must be an absolute path"}
	}
	return filepath.Clean(dir), nil
}

func domainName() (string, error) {
	name := os.Getenv("DAEMONRY_DOMAIN")
	if name != "" && !validName(name) {
		return "", &SettingError{Name: "DAEMONRY_DOMAIN", Value: name, Reason: "a domain is 1 to 64 of a-z, 0-9 and '-'"}
	}
	return name, nil
}

// validName is the rule for services and domains.
func validName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// absolute returns the variable's value if it is an absolute path, else "": the
// XDG base directory specification has relative ones ignored.
func absolute(variable string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return ""
}

// home returns $HOME or, where a system service or cron job has none, the user
// database's word.
func home() (string, error) {
	if dir := absolute("HOME"); dir != "" {
		return dir, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("cannot find the home directory: HOME is not set, and %w (DAEMONRY_CONFIG_DIR and DAEMONRY_STATE_DIR would do)", err)
	}
	if !filepath.IsAbs(u.HomeDir) {
		return "", fmt.Errorf("cannot find the home directory: HOME is not set, and the user database says %q", u.HomeDir)
	}
	return filepath.Clean(u.HomeDir), nil
}
