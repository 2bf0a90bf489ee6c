package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// broker is the generated client over connections to the control socket. Its
// calls' errors go through callError.
type broker struct {
	daemonryv1connect.BrokerClient
	transport *http.Transport
}

// dialBroker returns a client of the broker; options decide whether one is
// started. It connects with the first call. Close it.
func dialBroker(options ...daemonry.Option) *broker {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return daemonry.DialBroker(ctx, options...)
		},
		DisableCompression: true, // the other end is on this machine
	}
	return &broker{
		BrokerClient: daemonryv1connect.NewBrokerClient(&http.Client{Transport: transport}, "http://daemonry"),
		transport:    transport,
	}
}

// Close closes the idle connections.
func (b *broker) Close() { b.transport.CloseIdleConnections() }

// noBroker is what NoStart commands say when none is running. It keeps the
// cause.
func noBroker(op, service string, err error) error {
	return &hintError{
		err: &daemonry.Error{
			Code: daemonry.CodeBrokerUnavailable, Op: op, Service: service,
			Message: "no broker is running", Err: err,
		},
		hint: "a broker starts by itself with the first client, such as 'daemonry connect NAME'",
	}
}

// running makes the error of a NoStart call say so if the reason is that no
// broker answers.
func running(op, service string, err error) error {
	err = callError(op, service, err)
	if e, ok := errors.AsType[*daemonry.Error](err); ok && notRunning(e) {
		return noBroker(op, service, err)
	}
	return err
}

// notRunning tells "nobody listens on the control socket" from a broker that
// cannot be reached or went away in the middle.
func notRunning(e *daemonry.Error) bool {
	return e.Code == daemonry.CodeBrokerUnavailable &&
		(errors.Is(e, syscall.ENOENT) || errors.Is(e, syscall.ECONNREFUSED))
}

const (
	brokerGone = "the broker went away"
	noAnswer   = "the deadline passed"
	// startRecent is how old the words of a broker may be that died on a call.
	startRecent = 10 * time.Second
	// outputLimit is how much of them is shown, in bytes.
	outputLimit = 4096
)

// callError turns the error of a call into a *daemonry.Error: the one that the
// dialler returned or that the broker sent as a detail, else one made of the
// Connect code. op and service fill what it leaves open; nil stays nil.
func callError(op, service string, err error) error {
	if err == nil {
		return nil
	}
	e := foundError(err)
	switch {
	case e != nil:
	case dropped(err):
		e = &daemonry.Error{Code: daemonry.CodeBrokerUnavailable, Message: brokerGone, Output: startOutput(), Err: err}
	default:
		e = codeError(err)
	}
	if e.Op == "" {
		e.Op = op
	}
	if e.Service == "" {
		e.Service = service
	}
	return e
}

// foundError returns a copy of the *daemonry.Error in err's chain or details.
func foundError(err error) *daemonry.Error {
	if e, ok := errors.AsType[*daemonry.Error](err); ok {
		found := *e
		return &found
	}
	refused, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return nil
	}
	for _, detail := range refused.Details() {
		value, err := detail.Value()
		if sent, ok := value.(*daemonryv1.Error); err == nil && ok {
			return fromProto(sent)
		}
	}
	return nil
}

func fromProto(e *daemonryv1.Error) *daemonry.Error {
	return &daemonry.Error{
		Code: daemonry.Code(e.GetCode()), Op: e.GetOp(), Service: e.GetService(), Kind: e.GetKind(),
		Message: e.GetMessage(), Output: e.GetOutput(), RetryAfter: e.GetRetryAfter().AsDuration(),
	}
}

// codeError reads what Connect itself can tell. Its last resort has no code and
// so ends in exit code 1.
func codeError(err error) *daemonry.Error {
	e := &daemonry.Error{Err: err}
	switch connect.CodeOf(err) {
	case connect.CodeDeadlineExceeded:
		e.Code, e.Message = daemonry.CodeTimeout, noAnswer
	case connect.CodeUnimplemented:
		e.Code, e.Message = daemonry.CodeBrokerUnavailable, "the running broker is older than this command; 'daemonry shutdown' ends it, its daemons go on"
	case connect.CodeUnavailable:
		e.Code, e.Message = daemonry.CodeBrokerUnavailable, brokerGone
	case connect.CodeNotFound:
		e.Code = daemonry.CodeUnknownService
	}
	if e.Message == "" {
		e.Message = plain(err)
	}
	return e
}

// dropped reports whether the broker hung up before it had answered.
func dropped(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// startOutput is what a broker printed that died while starting, if one just
// did: one that serves has removed the file.
func startOutput() string {
	dirs, err := endpoint.Locate()
	if err != nil {
		return ""
	}
	info, err := os.Lstat(dirs.StartLog())
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) > startRecent {
		return ""
	}
	text, err := os.ReadFile(dirs.StartLog())
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-outputLimit):])
}

// plain is err's text without the Connect code before it.
func plain(err error) string {
	if refused, ok := errors.AsType[*connect.Error](err); ok {
		return refused.Message()
	}
	return err.Error()
}

// ask makes one call of the broker and unwraps its answer.
func ask[Q, A any](ctx context.Context, call func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), question *Q) (*A, error) {
	answer, err := call(ctx, connect.NewRequest(question))
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

// limit bounds ctx by the --timeout flag; 0 sets no bound.
func limit(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}
