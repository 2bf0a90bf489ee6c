package cli

import (
	"encoding"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// timeoutFlag adds --timeout; zero, its default, waits for as long as it takes.
func timeoutFlag(cmd *cobra.Command, d *time.Duration) {
	cmd.Flags().DurationVar(d, "timeout", 0, "give up after this long, as in 30s (default: never)")
}

// readyFlag adds --wait-ready.
func readyFlag(cmd *cobra.Command, ready *bool) {
	cmd.Flags().BoolVar(ready, "wait-ready", false, "return when the daemon says that it is ready")
}

// jsonFlag adds --json.
func jsonFlag(cmd *cobra.Command, json *bool) {
	cmd.Flags().BoolVar(json, "json", false, "print JSON")
}

// textFlag is a flag whose value reads itself, such as a daemonry.Duration.
type textFlag struct {
	target encoding.TextUnmarshaler
	kind   string
	text   string
}

func (f *textFlag) String() string { return f.text }
func (f *textFlag) Type() string   { return f.kind }

func (f *textFlag) Set(text string) error {
	f.text = text
	return f.target.UnmarshalText([]byte(text))
}

var _ pflag.Value = (*textFlag)(nil)

// oneName wants exactly NAME.
func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("one NAME is wanted, not %d arguments", len(args))
	}
	return nil
}

// someName wants NAME or nothing.
func someName(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("one NAME at most is wanted, not %d arguments", len(args))
	}
	return nil
}

// nameAndCommand wants NAME -- COMMAND…
func nameAndCommand(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash < 0:
		return errors.New("'--' is wanted between NAME and COMMAND")
	case dash != 1:
		return fmt.Errorf("one NAME is wanted before '--', not %d arguments", dash)
	case len(args) == dash:
		return errors.New("a COMMAND is wanted after '--'")
	}
	return nil
}

// onlyCommand wants -- COMMAND… with the dashes optional.
func onlyCommand(cmd *cobra.Command, args []string) error {
	if dash := cmd.ArgsLenAtDash(); dash > 0 {
		return fmt.Errorf("nothing is wanted before '--', not %q", args[0])
	}
	if len(args) == 0 {
		return errors.New("a COMMAND is wanted after '--'")
	}
	return nil
}

// first returns the first of args, or "".
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
