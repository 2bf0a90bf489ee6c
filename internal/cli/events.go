package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) events() *cobra.Command {
	var asJSON, follow bool
	var past uint32
	cmd := &cobra.Command{
		Use:     "events [NAME]",
		Short:   "Show what happened",
		GroupID: groupLook,
		Long: `Show the last changes of state, one line each. With -f go on with what happens,
until interrupted or the broker ends. With --json every line is one JSON object.`,
		Example: `  daemonry events
  daemonry events gocache -f --json`,
		Args:              someName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.showEvents(cmd.Context(), &daemonryv1.WatchRequest{Name: first(args), Past: past, PastOnly: !follow}, asJSON)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens from now on")
	cmd.Flags().Uint32VarP(&past, "lines", "n", 50, "how many past events to begin with")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) showEvents(ctx context.Context, request *daemonryv1.WatchRequest, asJSON bool) error {
	b := dialBroker(daemonry.NoStart())
	defer b.Close()
	stream, err := b.Watch(ctx, connect.NewRequest(request))
	if err != nil {
		return running("watch events", "", err)
	}
	defer stream.Close()
	for stream.Receive() {
		if err := a.showEvent(stream.Msg().GetEvent(), asJSON); err != nil {
			return fmt.Errorf("cannot write the event: %w", err)
		}
	}
	return running("watch events", "", stream.Err())
}

func (a *app) showEvent(e *daemonryv1.Event, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.out).Encode(jsonOfEvent(e))
	}
	line := a.eventLine(e)
	if a.screen {
		line = shorten(line, a.width)
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

// eventLine is "15:04:05.000  gocache  ready  gen 3, pid 1234, starting → ready".
// Its columns have fixed widths, for the next line is not known yet.
func (c console) eventLine(e *daemonryv1.Event) string {
	at := "-"
	if e.GetAt() != nil {
		at = e.GetAt().AsTime().In(c.now().Location()).Format("15:04:05.000")
	}
	name := nameText(e.GetService(), e.GetVersion(), e.GetInstance())
	line := fmt.Sprintf("%-12s  %-16s  %-14s  %s", at, oneLine(name), oneLine(e.GetType()), eventDetails(e))
	return strings.TrimRight(line, " ")
}

func eventDetails(e *daemonryv1.Event) string {
	var parts []string
	if e.GetGeneration() > 0 {
		parts = append(parts, fmt.Sprintf("gen %d", e.GetGeneration()))
	}
	if e.GetPid() > 0 {
		parts = append(parts, fmt.Sprintf("pid %d", e.GetPid()))
	}
	if e.GetFrom() != e.GetTo() {
		parts = append(parts, strings.TrimSpace(e.GetFrom()+" → "+e.GetTo()))
	}
	if e.GetCause() != "" {
		parts = append(parts, oneLine(e.GetCause()))
	}
	if m := e.GetError().GetMessage(); m != "" && m != e.GetCause() {
		parts = append(parts, oneLine(m))
	}
	return strings.Join(parts, ", ")
}

// nameText is a name as people type it.
func nameText(service, version, instance string) string {
	return daemonry.Name{Service: service, Version: version, Instance: instance}.String()
}

// eventJSON is a line of events --json. Fields are added, never renamed.
type eventJSON struct {
	At         *time.Time `json:"at"`
	Service    string     `json:"service"`
	Version    string     `json:"version"`
	Instance   string     `json:"instance"`
	Generation uint64     `json:"generation"`
	Type       string     `json:"type"`
	From       string     `json:"from"`
	To         string     `json:"to"`
	Cause      string     `json:"cause"`
	Error      *errorJSON `json:"error"`
	PID        *int32     `json:"pid"`
}

func jsonOfEvent(e *daemonryv1.Event) eventJSON {
	return eventJSON{
		At: jsonTime(e.GetAt()), Service: e.GetService(), Version: e.GetVersion(), Instance: e.GetInstance(),
		Generation: e.GetGeneration(), Type: e.GetType(), From: e.GetFrom(), To: e.GetTo(),
		Cause: e.GetCause(), Error: jsonOfError(e.GetError()), PID: known(e.GetPid()),
	}
}
