package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
)

// endTimeout bounds the end of the broker.
const endTimeout = 30 * time.Second

// shutdown ends the world's broker and its daemon, if there is one.
func shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return daemonry.DialBroker(ctx, daemonry.NoStart())
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://daemonry/daemonry.v1.Broker/Shutdown", strings.NewReader(`{"all":true}`))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the broker answers %s", resp.Status)
	}
	return nil
}

// terminate asks the daemon to end; the broker starts another for the next
// build, whose connection waits meanwhile.
func terminate(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Signal(syscall.SIGTERM)
}
