package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// The headings of the help text.
const (
	groupUse    = "use"
	groupLook   = "look"
	groupManage = "manage"
)

// annotationRuns marks commands that run a COMMAND and return its exit code, so
// that their own failures need codes of their own.
const annotationRuns = "runs"

const rootLong = `Daemonry keeps background daemons reachable. A program asks for a daemon by name
and gets a connection, whether the daemon was running, had crashed, is loading or
is being replaced.

NAME is service[@version][/instance] wherever a service is meant.`

const rootExample = `  daemonry add hello --idle 10m -- /usr/local/bin/hellod
  daemonry connect hello
  daemonry status`

// commands lists every command, in the order of its group's help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.endpoint(), a.connect(), a.exec(), a.demo(),
		a.status(), a.logs(), a.events(), a.conform(),
		a.add(), a.remove(), a.start(), a.stop(), a.restart(), a.enable(), a.disable(),
		a.session(), a.shutdown(), a.broker(), a.version(),
		exitCodesTopic(), environmentTopic(),
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "daemonry",
		Short:             "Keep background daemons reachable",
		Long:              rootLong,
		Example:           rootExample,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.started = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.AddGroup(
		&cobra.Group{ID: groupUse, Title: "Reach a daemon:"},
		&cobra.Group{ID: groupLook, Title: "See what is going on:"},
		&cobra.Group{ID: groupManage, Title: "Manage services and the broker:"},
	)
	root.AddCommand(a.commands()...)
	// cobra lets flags run as wide as they like.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	return root
}
