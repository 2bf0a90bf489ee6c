//go:build unix

package process

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// maxFirstLine is how much of a script's first line Linux looks at
	// (BINPRM_BUF_SIZE); other systems take more.
	maxFirstLine = 256
	// maxInterpreters is how many times an interpreter may itself be a script.
	maxInterpreters = 4
)

func checkCommand(argv []string) error {
	switch {
	case len(argv) == 0 || argv[0] == "":
		return &CommandError{Reason: "it is empty"}
	case slices.ContainsFunc(argv, hasNUL):
		return &CommandError{Reason: "an argument holds a NUL byte"}
	case !filepath.IsAbs(argv[0]):
		return &CommandError{argv[0], "not an absolute path"}
	}
	path, of := argv[0], ""
	for range maxInterpreters + 1 {
		if reason := unfit(path); reason != "" {
			return &CommandError{path, reason + of}
		}
		interpreter, reason := firstLine(path)
		if reason != "" {
			return &CommandError{path, reason + of}
		}
		if interpreter == "" {
			return nil
		}
		path, of = interpreter, ", the interpreter of "+path
	}
	return &CommandError{argv[0], "too many scripts that are interpreters of scripts"}
}

// unfit returns why the file cannot be executed; empty: it can.
func unfit(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent(path)
	case errors.Is(err, fs.ErrPermission):
		return "a directory on the way may not be searched"
	case err != nil:
		return reasonOf(err)
	case info.IsDir():
		return "it is a directory"
	case !info.Mode().IsRegular():
		return "not a regular file"
	}
	switch err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS); err {
	case nil:
		return ""
	case unix.EACCES:
		return "not executable (mode " + info.Mode().Perm().String() + ", or a file system mounted noexec)"
	default:
		return err.Error()
	}
}

func absent(path string) string {
	if target, err := os.Readlink(path); err == nil {
		return "a symbolic link to " + target + ", which does not exist"
	}
	return "no such file"
}

// firstLine returns the interpreter that a script names; empty: not a script, or
// not readable, which does not keep a binary from being executed.
func firstLine(path string) (interpreter, reason string) {
	f, err := os.Open(path)
	if err != nil {
		return "", ""
	}
	defer f.Close()
	head := make([]byte, maxFirstLine)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", reasonOf(err)
	}
	line, ok := bytes.CutPrefix(head[:n], []byte("#!"))
	if !ok {
		return "", ""
	}
	line, _, whole := bytes.Cut(line, []byte("\n"))
	return named(string(line), whole || n < maxFirstLine)
}

// named takes the interpreter out of the rest of a first line.
func named(line string, whole bool) (interpreter, reason string) {
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	switch {
	case len(fields) == 0:
		return "", "its first line names no interpreter"
	case strings.HasSuffix(fields[0], "\r"):
		return "", "its first line ends in a carriage return (saved with Windows line ends)"
	case len(fields) == 1 && !whole:
		return "", "its first line is too long"
	case !filepath.IsAbs(fields[0]):
		return "", "its interpreter " + fields[0] + " is not an absolute path"
	}
	return fields[0], ""
}

func reasonOf(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
