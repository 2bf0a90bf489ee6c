package process

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// check refuses what would not arrive as it is written.
func (s Spec) check() error {
	switch {
	case len(s.Argv) == 0:
		return errors.New("the command is empty")
	case !filepath.IsAbs(s.Argv[0]):
		return fmt.Errorf("the command %q is not an absolute path", s.Argv[0])
	case slices.ContainsFunc(s.Argv, hasNUL):
		return errors.New("an argument of the command holds a NUL byte")
	case s.Dir != "" && !filepath.IsAbs(s.Dir):
		return fmt.Errorf("the directory %q is not an absolute path", s.Dir)
	case s.Umask < 0 || s.Umask > 0o777:
		return fmt.Errorf("the umask %#o is not between 0 and 0777", s.Umask)
	case s.Nice < -20 || s.Nice > 19:
		return fmt.Errorf("the niceness %d is not between -20 and 19", s.Nice)
	case s.OpenFiles != 0 && s.OpenFiles < MinOpenFiles+len(s.Files):
		return fmt.Errorf("%d open files are too few to get as far as the command: at least %d", s.OpenFiles, MinOpenFiles+len(s.Files))
	case s.Stdout < 0 || s.Stderr < 0 || slices.ContainsFunc(s.Files, func(fd int) bool { return fd < 0 }):
		return fmt.Errorf("a negative descriptor among %v, output %d, errors %d", s.Files, s.Stdout, s.Stderr)
	case s.ListenFDs > len(s.Files):
		return fmt.Errorf("%d listeners among %d files", s.ListenFDs, len(s.Files))
	}
	return s.checkEnv()
}

func (s Spec) checkEnv() error {
	for _, entry := range s.Env {
		name, _, ok := strings.Cut(entry, "=")
		switch {
		case !ok:
			return fmt.Errorf("the environment entry %q is not NAME=value", entry)
		case hasNUL(entry):
			return fmt.Errorf("the environment variable %s holds a NUL byte", name)
		case !identifier(name):
			return fmt.Errorf("the environment variable %q cannot be passed on: a shell takes letters, digits and _ only, and no digit first", name)
		case shellOwn(name):
			return fmt.Errorf("the environment variable %s cannot be passed on: a shell changes it", name)
		}
	}
	return nil
}

func identifier(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// shellOwn reports the variables that POSIX gives a meaning in the shell itself,
// seen to be changed by dash and bash.
func shellOwn(name string) bool {
	switch name {
	case "_", "IFS", "LINENO", "OPTIND", "PPID":
		return true
	}
	return false
}

func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

func (s Spec) dir() string {
	if s.Dir == "" {
		return "/"
	}
	return s.Dir
}

// environment is never nil: syscall.ForkExec takes nil for the caller's own.
func (s Spec) environment() []string { return append([]string{}, s.Env...) }
