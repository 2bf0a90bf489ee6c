package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// build says which build this is; version --json prints it. Fields are added,
// never renamed.
type build struct {
	Version  string `json:"version"`  // "v1.2.3", else "devel"
	Revision string `json:"revision"` // of the source, "" if unknown
	Modified bool   `json:"modified"` // the source differed from the revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func (a *app) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Say which build this is",
		GroupID: groupManage,
		Long:    "Say which build this is. 'daemonry status' shows the running broker's version.",
		Example: "  daemonry version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return json.NewEncoder(a.out).Encode(ownBuild())
			}
			_, err := fmt.Fprintln(a.out, ownBuild())
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// ownBuild reads what the Go linker wrote into this program.
func ownBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is "daemonry v1.2.3 (0123456789ab, go1.26.0, linux/amd64)".
func (b build) String() string {
	var about []string
	if b.Revision != "" {
		revision := b.Revision[:min(12, len(b.Revision))]
		if b.Modified {
			revision += " modified"
		}
		about = append(about, revision)
	}
	about = append(about, b.Go, b.OS+"/"+b.Arch)
	return fmt.Sprintf("daemonry %s (%s)", b.Version, strings.Join(about, ", "))
}
