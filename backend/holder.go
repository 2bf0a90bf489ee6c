package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
)

// holderTime bounds the question who holds a path; a full queue has no answer.
const holderTime = 50 * time.Millisecond

// withHolder adds to an already-bound error who holds the path, where the kernel
// tells: by a connection that comes and goes without a byte.
func withHolder(e *BindError) *BindError {
	if e.Kind != KindAlreadyBound || e.Endpoint.network != "unix" {
		return e
	}
	if who := holder(e.Endpoint.address); who != "" {
		e.Err = fmt.Errorf("%w: %s", e.Err, who)
	}
	return e
}

func holder(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), holderTime)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "nobody listens there any more"
	}
	if err != nil {
		return ""
	}
	defer conn.Close()
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	peer, err := endpoint.PeerOf(c)
	if err != nil || peer.PID == 0 {
		return ""
	}
	if command := process.Command(peer.PID); command != "" {
		return fmt.Sprintf("process %d (%s) listens there", peer.PID, command)
	}
	return fmt.Sprintf("process %d listens there", peer.PID)
}
