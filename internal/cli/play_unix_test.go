//go:build unix

package cli

import (
	"context"
	"net"
	"net/http"
	"os"
	"syscall"

	"connectrpc.com/connect"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// playBroker is a broker that a client autostarted: it serves an empty fake on
// the inherited control socket, ends with Shutdown, and removes the session's
// directories when the session's lock becomes free.
func playBroker() {
	l, err := net.FileListener(os.NewFile(3, "control"))
	if err != nil {
		os.Exit(1)
	}
	end := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle(daemonryv1connect.NewBrokerHandler(&endingBroker{end: end}))
	server := &http.Server{Handler: mux}
	go outliveSession()
	go func() {
		<-end
		_ = server.Shutdown(context.Background())
		os.Exit(0)
	}()
	_ = server.Serve(l)
	select {}
}

// outliveSession waits until the session has gone without closing it.
func outliveSession() {
	marker, err := os.Open(os.Getenv(envRuntime) + "/broker.d/session")
	if err != nil {
		return
	}
	for syscall.Flock(int(marker.Fd()), syscall.LOCK_SH) != nil {
	}
	root := make([]byte, 4096)
	n, _ := marker.Read(root)
	os.RemoveAll(string(root[:n]))
	os.Exit(0)
}

// endingBroker ends with Shutdown.
type endingBroker struct {
	fakeBroker
	end chan struct{}
}

func (b *endingBroker) Shutdown(context.Context, *connect.Request[daemonryv1.ShutdownRequest]) (*connect.Response[daemonryv1.ShutdownResponse], error) {
	close(b.end)
	return connect.NewResponse(&daemonryv1.ShutdownResponse{}), nil
}
