package notify

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// SendTimeout bounds Send: a receiver that has stopped reading (a broker under
// SIGSTOP) must not stop its daemons.
const SendTimeout = 2 * time.Second

// maxText bounds one value that Text makes, so that a message with several of
// them stays under MaxSize.
const maxText = 3000

// Send sends one message of the given KEY=VALUE lines to the socket at path. A
// path that begins with '@' is in the abstract namespace (Linux). It fails with
// an error wrapping os.ErrDeadlineExceeded after SendTimeout, and with
// fs.ErrNotExist or ECONNREFUSED in the chain when nobody listens.
func Send(path string, lines ...string) error {
	return SendFiles(path, nil, lines...)
}

// SendFiles sends descriptors along, which stay open here.
func SendFiles(path string, files []int, lines ...string) error {
	data, err := format(lines)
	if err != nil {
		return err
	}
	if len(files) > MaxFiles {
		return fmt.Errorf("cannot send %d descriptors: more than %d", len(files), MaxFiles)
	}
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "@") {
		return fmt.Errorf("cannot notify %q: neither an absolute path nor an abstract name: %w", path, errors.ErrUnsupported)
	}
	return send(path, data, files)
}

// Text makes the line KEY=value of any text: line breaks and control characters
// become spaces, and what is too long is cut.
func Text(key, value string) string {
	if len(value) > maxText {
		value = value[:maxText] + "…"
	}
	return key + "=" + strings.TrimSpace(printable(value))
}

func format(lines []string) ([]byte, error) {
	for _, line := range lines {
		if strings.ContainsAny(line, "\n\x00") || !strings.Contains(line, "=") {
			return nil, fmt.Errorf("cannot notify: %q is not one KEY=VALUE line", line)
		}
	}
	data := []byte(strings.Join(lines, "\n"))
	if len(data) == 0 || len(data) > MaxSize || len(lines) > MaxLines {
		return nil, fmt.Errorf("cannot notify: %d lines of %d bytes do not make a message (1 to %d, 1 to %d)", len(lines), len(data), MaxLines, MaxSize)
	}
	return data, nil
}
