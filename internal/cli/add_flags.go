package cli

import (
	"encoding"
	"strings"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
)

// flags adds the keys of a definition, under their own names where the section
// does not matter, and what add itself may be told.
func (o *addOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	o.serviceFlags(cmd)
	o.limitFlags(cmd)
	o.processFlags(cmd)
	f.BoolVar(&o.replace, "replace", false, "replace a definition of that name")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the definition and write nothing")
	timeoutFlag(cmd, &o.timeout)
}

func (o *addOptions) serviceFlags(cmd *cobra.Command) {
	f, s := cmd.Flags(), &o.service
	f.StringVar(&s.Description, "description", "", "what it is, in a few words")
	f.StringVar(&s.Version, "version", "", "the definition's version, as in 1.4.0")
	f.StringVar(&s.Versions, "versions", "", "offer every version found, as in '/opt/x/{version}/x'")
	choice(cmd, (*string)(&s.Mode), "mode", "how the daemon gets its endpoint",
		string(daemonry.ModeInherit), string(daemonry.ModeBind), string(daemonry.ModeProxy), string(daemonry.ModeStdio))
	f.StringArrayVar(&s.Listen, "listen", nil, "a listener: unix, unix:NAME or tcp:127.0.0.1:PORT (repeatable)")
	choice(cmd, (*string)(&s.Ready), "ready", "what counts as ready",
		string(daemonry.ReadyAuto), string(daemonry.ReadyNotify), string(daemonry.ReadyAccept), string(daemonry.ReadyExec), string(daemonry.ReadyProbe))
	f.StringVar(&s.ReadyHTTP, "ready-http", "", "with --ready probe: a `PATH` that answers 2xx on the endpoint")
	f.BoolVar(&s.Template, "template", false, "one daemon per instance, {instance} in COMMAND")
	f.BoolVar(&s.Nonblocking, "nonblocking", false, "keep O_NONBLOCK on the inherited listener")
	choice(cmd, &s.Policy.Upgrade, "upgrade", "how a new version takes over", "seamless", "when_idle", "manual")
}

func (o *addOptions) limitFlags(cmd *cobra.Command) {
	f, l := cmd.Flags(), &o.service.Limits
	text := func(target encoding.TextUnmarshaler, name, kind, usage string) {
		f.Var(&textFlag{target: target, kind: kind}, name, usage)
	}
	text(&l.Idle, "idle", "duration", "stop it after this long without use, as in 30m (default: never)")
	text(&l.Start, "start", "duration", "it must be ready after this long (default: no limit)")
	text(&l.Stop, "stop", "duration", "grace before it is killed (default: 10s)")
	text(&l.Stall, "stall", "duration", "replace it when it does nothing for this long (default: 30s)")
	text(&l.Bind, "bind", "duration", "it must have bound after this long (default: 500ms, 10s with --mode bind)")
	text(&l.MaxMemory, "max-memory", "size", "restart it above this, as in 512MiB")
	f.IntVar(&l.MaxInstances, "max-instances", 0, "instances of a template (default: no limit)")
	f.IntVar(&l.OpenFiles, "open-files", 0, "its limit of open files (default: 1024)")
}

func (o *addOptions) processFlags(cmd *cobra.Command) {
	f, p := cmd.Flags(), &o.service.Process
	f.StringArrayVar(&o.env, "env", nil, "set `NAME=VALUE` in its environment (repeatable)")
	f.StringArrayVar(&p.PassEnv, "pass-env", nil, "pass `NAME` on from the broker's environment (repeatable)")
	f.StringVar(&p.Dir, "dir", "", "its working directory (default: /)")
	f.StringVar(&p.Umask, "umask", "", "its umask (default: 022)")
	f.IntVar(&p.Nice, "nice", 0, "its priority")
	f.StringVar(&p.StopSignal, "stop-signal", "", "the signal that asks it to end (default: SIGTERM)")
}

// choice adds a flag with few possible values. The definition's own checks
// refuse others.
func choice(cmd *cobra.Command, target *string, name, usage string, values ...string) {
	cmd.Flags().StringVar(target, name, "", usage+": "+strings.Join(values, ", "))
	// The only error is a flag that does not exist or is registered twice.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
