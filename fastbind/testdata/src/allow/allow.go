// Package allow has reasons.
package allow

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/daemonry/daemonry/backend"
)

type hello struct{}

func (hello) Bind(e backend.Endpoint) (net.Listener, error) {
	os.Stat("x") //fastbind:allow one stat of a directory in memory
	//fastbind:allow one stat of a directory in memory
	os.Stat("x")
	os.Stat("x") // want `Bind of hello does file input/output: os.Stat`
	inside()
	/* want `//fastbind:allow needs a reason` */ //fastbind:allow
	/* want `unknown directive //fastbind:ignore` */ //fastbind:ignore because
	os.Stat("x")                                     // want `Bind of hello does file input/output: os.Stat`
	return backend.Listen(e)
}

// inside is allowed where it happens, hence for every caller.
func inside() {
	time.Sleep(time.Microsecond) //fastbind:allow waits for the clock to tick, which was measured
}

//fastbind:allow the file is baked into the image
var data, _ = os.ReadFile("x")

func (hello) Serve(context.Context, net.Listener) error { return nil }
