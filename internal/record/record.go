package record

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/daemonry/daemonry/internal/process"
)

// Schema is the version of the format. Fields are added without a new one.
const Schema = 1

// MaxSize is the largest record that is read or written, in bytes; ours: a
// command line of that size is no longer a command line.
const MaxSize = 64 << 10

// A Phase is how far a generation has come.
type Phase string

// The phases. Readers accept others, in lower-case letters, from later releases.
const (
	Starting Phase = "starting" // written before the daemon's first instruction
	Bound    Phase = "bound"    // its endpoint listens
	Freezing Phase = "freezing" // being stopped for idleness: it may be frozen, and is to be thawed or ended
)

// A Record says who a generation is. All of it is for its owner alone.
type Record struct {
	Schema     int    `json:"schema"` // filled in by Write
	Service    string `json:"service"`
	Version    string `json:"version,omitempty"`
	Instance   string `json:"instance,omitempty"`
	Generation uint64 `json:"generation"`
	Phase      Phase  `json:"phase"`

	process.Identity     // pid, start_time, boot_id, pid_ns
	UID              int `json:"uid"`

	Endpoint   string           `json:"endpoint"` // as in DAEMONRY_ENDPOINT
	Listeners  []Listener       `json:"listeners,omitempty"`
	Mode       string           `json:"mode"`
	Command    []string         `json:"command"`
	Definition string           `json:"definition,omitempty"` // file or origin
	Notify     string           `json:"notify,omitempty"`     // path of the notify socket; empty: none
	Log        string           `json:"log,omitempty"`
	Broker     int              `json:"broker,omitempty"` // pid of the broker that started it, for people; 0: run by hand
	CreatedAt  time.Time        `json:"created_at"`
	Program    *process.Program `json:"program,omitempty"` // what it executed when it was ready first; nil: not known
	BindMicros int64            `json:"bind_us,omitempty"` // how long Bind took, microseconds
}

// A Listener is one listening socket of a generation, in the order of the
// descriptors.
type Listener struct {
	Name    string `json:"name"`
	Network string `json:"network"`
	Address string `json:"address"`
	FD      int    `json:"fd,omitempty"` // the descriptor's number in the daemon; 0: not known (a broker hands them down from 3 on)
}

// A CorruptError says why a file is no record.
type CorruptError struct {
	Path   string
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("record %s is corrupt: %s", e.Path, e.Reason)
}

// parse reads a record. Unknown fields are a later release's and are skipped;
// whatever would be acted on must make sense.
func parse(path string, data []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, &CorruptError{path, err.Error()}
	}
	if reason := r.flaw(); reason != "" {
		return Record{}, &CorruptError{path, reason}
	}
	return r, nil
}

// flaw returns what is wrong with the record, "" if nothing is.
func (r Record) flaw() string {
	switch {
	case r.Schema != Schema:
		return fmt.Sprintf("its schema is %d, this program knows %d", r.Schema, Schema)
	case !validService(r.Service):
		return fmt.Sprintf("%q is not a service's name", r.Service)
	case r.Generation == 0:
		return "it has no generation"
	case !lowerCase(string(r.Phase)):
		return fmt.Sprintf("%q is not a phase", r.Phase)
	case r.PID <= 0:
		return fmt.Sprintf("%d is not a process", r.PID)
	case r.Start == 0 || r.Boot == "":
		return "it does not say which process of that number is meant"
	case r.UID < 0:
		return "it has no owner"
	}
	return ""
}

func lowerCase(s string) bool {
	for _, c := range []byte(s) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
