package cacheprog

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Command is what cmd/go asks for.
type Command string

// The commands.
const (
	Put   Command = "put"
	Get   Command = "get"
	Close Command = "close"
)

// A Request is one question of cmd/go's.
type Request struct {
	ID       int64
	Command  Command
	ActionID []byte `json:",omitempty"`
	OutputID []byte `json:",omitempty"`
	BodySize int64  `json:",omitempty"` // bytes
}

// A Reader reads requests.
type Reader struct {
	r    *bufio.Reader
	body *body // of the last request; nil if it had none
	ids  [2][33]byte
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10)}
}

// Next returns the next request. What was not read of the last one's body is
// skipped. The request's identifiers are valid until the next call.
func (r *Reader) Next() (Request, error) {
	if err := r.finishBody(); err != nil {
		return Request{}, err
	}
	line, err := r.line()
	if err != nil {
		return Request{}, err
	}
	req, ok := r.parse(line)
	if !ok {
		req = Request{}
		if err := json.Unmarshal(line, &req); err != nil {
			return Request{}, fmt.Errorf("cannot understand a request: %w", err)
		}
	}
	if req.Command == Put && req.BodySize > 0 {
		r.body = &body{r: r.r}
	}
	return req, nil
}

// Body returns a reader of the last request's body.
func (r *Reader) Body() io.Reader {
	if r.body == nil {
		return bytes.NewReader(nil)
	}
	return base64.NewDecoder(base64.StdEncoding, r.body)
}

func (r *Reader) finishBody() error {
	if r.body == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, r.body)
	r.body = nil
	return err
}

// line returns the next line that is not empty.
func (r *Reader) line() ([]byte, error) {
	for {
		line, err := r.r.ReadSlice('\n')
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && (err == nil || err == io.EOF) {
			return trimmed, nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			err = errors.New("cannot understand a request: the line is too long")
		}
		if err != nil {
			return nil, err
		}
	}
}

// parse reads the lines that cmd/go does write, without the price of reflection:
// it is on the way of every hit. It reports false for everything else.
func (r *Reader) parse(line []byte) (Request, bool) {
	s := scanner{rest: line, ok: true}
	var req Request
	s.literal(`{"ID":`)
	req.ID = s.number()
	s.literal(`,"Command":"`)
	req.Command = command(s.until('"'))
	if s.skip(`,"ActionID":"`) {
		req.ActionID = s.id(&r.ids[0])
	}
	if s.skip(`,"OutputID":"`) {
		req.OutputID = s.id(&r.ids[1])
	}
	if s.skip(`,"BodySize":`) {
		req.BodySize = s.number()
	}
	s.literal("}")
	return req, s.ok && len(s.rest) == 0 && req.Command != ""
}

func command(b []byte) Command {
	switch string(b) {
	case "get":
		return Get
	case "put":
		return Put
	case "close":
		return Close
	}
	return "" // whatever it is, the slow way will tell
}

// scanner walks over a line; ok becomes false at the first thing that is not as
// expected.
type scanner struct {
	rest []byte
	ok   bool
}

func (s *scanner) skip(text string) bool {
	if !bytes.HasPrefix(s.rest, []byte(text)) {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

func (s *scanner) literal(text string) { s.ok = s.skip(text) && s.ok }

// until returns what comes before end, and skips both.
func (s *scanner) until(end byte) []byte {
	i := bytes.IndexByte(s.rest, end)
	if i < 0 {
		s.ok = false
		return nil
	}
	found := s.rest[:i]
	s.rest = s.rest[i+1:]
	return found
}

// number reads at most 18 digits, which always fit.
func (s *scanner) number() int64 {
	n, digits := int64(0), 0
	for digits < len(s.rest) && digits < 18 && '0' <= s.rest[digits] && s.rest[digits] <= '9' {
		n = 10*n + int64(s.rest[digits]-'0')
		digits++
	}
	s.ok = s.ok && digits > 0 && (digits == 1 || s.rest[0] != '0')
	s.rest = s.rest[digits:]
	return n
}

// id reads 32 bytes in base64, which are 44 characters.
func (s *scanner) id(buffer *[33]byte) []byte {
	text := s.until('"')
	if len(text) != 44 {
		s.ok = false
		return nil
	}
	n, err := base64.StdEncoding.Decode(buffer[:], text)
	s.ok = s.ok && err == nil && n == 32
	return buffer[:32]
}

// body reads the inside of a JSON string up to its closing quote. Base64 needs
// no escapes; a backslash is left for the decoder to refuse.
type body struct {
	r      *bufio.Reader
	opened bool
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	if !b.opened {
		if err := b.open(); err != nil {
			return 0, err
		}
	}
	if b.closed {
		return 0, io.EOF
	}
	if _, err := b.r.Peek(1); err != nil {
		return 0, noEOF(err)
	}
	data, _ := b.r.Peek(min(b.r.Buffered(), len(p)))
	if i := bytes.IndexByte(data, '"'); i >= 0 {
		b.closed = true
		copy(p, data[:i])
		b.r.Discard(i + 1)
		return i, nil
	}
	b.r.Discard(copy(p, data))
	return len(data), nil
}

func (b *body) open() error {
	for {
		c, err := b.r.ReadByte()
		switch {
		case err != nil:
			return noEOF(err)
		case c == '"':
			b.opened = true
			return nil
		case c != '\n' && c != '\r' && c != ' ' && c != '\t':
			return fmt.Errorf("cannot understand a put: its body begins with %q", c)
		}
	}
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
