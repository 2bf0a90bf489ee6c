package daemonry

import (
	"errors"
	"fmt"
	"os"

	"github.com/daemonry/daemonry/internal/endpoint"
)

const brokerName = "daemonry.exe"

// checkProgram finds no program: a broker cannot be started from here yet.
// Compiled, not run.
func checkProgram(path string) error {
	return fmt.Errorf("%s: starting a broker is %w on Windows yet", path, errors.ErrUnsupported)
}

func startBroker(_ endpoint.Dirs, program string, _ *os.File) error { return checkProgram(program) }
