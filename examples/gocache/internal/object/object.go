package object

import (
	"encoding/hex"
	"path/filepath"
	"time"
)

// An Action is a key of the cache: cmd/go's hash of a complete description of a
// computation.
type Action [32]byte

// An Output names an output's bytes: it is their SHA-256. cmd/go computes it
// that way (cmd/go/internal/cache, ProgCache.Put), and this cache refuses
// anything else, which is what lets it check every object against its own name.
type Output [32]byte

// String returns the output's name in hexadecimal.
func (o Output) String() string { return hex.EncodeToString(o[:]) }

// ParseOutput reads the form that String writes.
func ParseOutput(s string) (Output, bool) {
	var o Output
	if len(s) != 2*len(o) {
		return o, false
	}
	_, err := hex.Decode(o[:], []byte(s))
	return o, err == nil
}

// An Entry says what an action produced.
type Entry struct {
	Output Output
	Size   int64     // bytes
	Time   time.Time // when it was put; cmd/go expires test results by it
}

// Dir is the directory below a store's own that holds the objects.
const Dir = "objects"

// Path returns the file that holds output in the store at dir, which is a clean
// path.
func Path(dir string, output Output) string {
	const separator = string(filepath.Separator)
	name := output.String()
	return dir + separator + Dir + separator + name[:2] + separator + name // Join would clean it, for every hit
}
