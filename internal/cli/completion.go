package cli

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// completionWait bounds what a person waits for after pressing TAB.
const completionWait = 300 * time.Millisecond

// completeName offers the services for NAME: those a running broker knows, else
// those that are defined. It never starts a broker. After NAME, files are
// offered where a COMMAND may follow.
func (a *app) completeName(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 && cmd.Annotations[annotationRuns] != "" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := runningNames(cmd.Context())
	if err != nil {
		names = definedNames()
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func runningNames(ctx context.Context) ([]cobra.Completion, error) {
	ctx, cancel := context.WithTimeout(ctx, completionWait)
	defer cancel()
	b := dialBroker(daemonry.NoStart())
	defer b.Close()
	answer, err := ask(ctx, b.List, &daemonryv1.ListRequest{})
	if err != nil {
		return nil, err
	}
	var names []cobra.Completion
	shown := displayNames(answer.GetServices())
	for i, s := range answer.GetServices() {
		names = append(names, cobra.CompletionWithDesc(shown[i], oneLine(s.GetState())))
	}
	return names, nil
}

func definedNames() []cobra.Completion {
	dirs, err := endpoint.Locate()
	if err != nil {
		return nil
	}
	defs, _ := definition.LoadAll(definition.Sources{Config: dirs.Config, System: definition.SystemDirs()})
	var names []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		names = append(names, cobra.CompletionWithDesc(name, oneLine(defs[name].Service.Description)))
	}
	return names
}
