package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/daemonry/daemonry"
)

// reportLines is how many of a daemon's last lines an error shows; the log has
// the rest.
const reportLines = 10

// report prints err on standard error: what could not be done and why, what the
// daemon printed last, and what to do next.
func (a *app) report(err error) {
	if e, ok := errors.AsType[*exitError](err); ok && e.err == nil {
		return
	}
	fmt.Fprintf(a.err, "daemonry: %s\n", sentence(err))
	if e, ok := errors.AsType[*daemonry.Error](err); ok {
		fmt.Fprint(a.err, quote(e.Output, reportLines))
	}
	if h := hint(err); h != "" {
		fmt.Fprintf(a.err, "hint: %s\n", h)
	}
}

// sentence is err's text without the output, which report shows in full.
func sentence(err error) string {
	e, ok := errors.AsType[*daemonry.Error](err)
	if !ok {
		return clean(err.Error())
	}
	whole := *e
	bare := *e
	bare.Output = ""
	text := strings.Replace(err.Error(), whole.Error(), bare.Error(), 1)
	if e.Op == "" && text == bare.Error() {
		text = "cannot go on: " + text
	}
	return clean(text)
}

// quote returns the last n lines of text, each indented behind a bar; "" if
// there are none.
func quote(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, " \t\r\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	var b strings.Builder
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for _, l := range lines {
		b.WriteString(strings.TrimRight("  | "+clean(l), " ") + "\n")
	}
	return b.String()
}

// hint says what to do about err; "" if there is nothing to say.
func hint(err error) string {
	if h, ok := errors.AsType[*hintError](err); ok {
		return h.hint
	}
	if e, ok := errors.AsType[*usageError](err); ok {
		return e.hint()
	}
	e, ok := errors.AsType[*daemonry.Error](err)
	if !ok || strings.Contains(e.Message, "`daemonry ") { // the broker said it already
		return ""
	}
	return codeHint(e)
}

func codeHint(e *daemonry.Error) string {
	name := e.Service
	if name == "" {
		name = "NAME"
	}
	switch e.Code {
	case daemonry.CodeUnknownService:
		return unknownHint(name)
	case daemonry.CodeStartFailed:
		return fmt.Sprintf("'daemonry logs %s' shows all it printed", name)
	case daemonry.CodeFailed:
		return failedHint(name, e)
	case daemonry.CodeDisabled:
		return fmt.Sprintf("'daemonry enable %s' allows it again", name)
	case daemonry.CodeTimeout:
		return fmt.Sprintf("'daemonry status %s' says what it is doing; --timeout sets how long to wait", name)
	case daemonry.CodeOff:
		return "unset DAEMONRY to use daemons again"
	case daemonry.CodeBrokerUnavailable:
		return brokerHint()
	case daemonry.CodeShuttingDown:
		return "try again: the next client starts a new broker"
	case daemonry.CodeInvalidDefinition:
		return "correct the definition; the broker loads it by itself"
	default:
		return ""
	}
}

func unknownHint(text string) string {
	name, err := daemonry.ParseName(text)
	if err != nil {
		return "'daemonry status' lists the services"
	}
	return fmt.Sprintf("'daemonry status' lists the services; 'daemonry add %s -- COMMAND' defines it", name.Service)
}

// brokerHint knows the usual reason for which none was started.
func brokerHint() string {
	if v := os.Getenv(envSwitch); v != "" && v != "on" && v != "1" {
		return fmt.Sprintf("DAEMONRY=%s keeps brokers from being started; unset it to use daemons again", v)
	}
	return ""
}

func failedHint(name string, e *daemonry.Error) string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("it is tried again in %s; 'daemonry start %s' tries now, 'daemonry logs %s' shows all it printed", span(e.RetryAfter), name, name)
	}
	return fmt.Sprintf("'daemonry start %s' tries now, 'daemonry logs %s' shows all it printed", name, name)
}

// hintError is an error whose maker knows better than codeHint what to do next.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }
