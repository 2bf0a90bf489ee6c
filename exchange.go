package daemonry

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// resolveURL is the Connect protocol's name for the method; the host is not
// looked at.
const resolveURL = "http://daemonry/daemonry.v1.Broker/Resolve"

// answerLimit bounds an answer, in bytes: an endpoint and at most some kilobytes
// of a daemon's output.
const answerLimit = 1 << 20

// exchange sends one ResolveRequest over conn, reads the answer and closes conn.
// If ctx ends it returns early, with an error that need not say so.
//
// It uses net/http for the form of the messages alone: an http.Client would
// bring a pool and goroutines that outlive the call.
func exchange(ctx context.Context, conn net.Conn, body []byte) (*answer, error) {
	defer conn.Close()
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		conn.SetDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-interrupted
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, resolveURL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Close = true
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Connect-Protocol-Version", "1")
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("cannot ask the broker: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return nil, fmt.Errorf("cannot read the broker's answer: %w", err)
	}
	defer resp.Body.Close()
	return decode(resp)
}

func decode(resp *http.Response) (*answer, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("cannot read the broker's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp.Status, text)
	}
	a := new(answer)
	if err := json.Unmarshal(text, a); err != nil {
		return nil, fmt.Errorf("cannot understand the broker's answer: %w", err)
	}
	return a, nil
}

// refusal is an answer in the form of Connect's own errors.
func refusal(status string, text []byte) error {
	var e struct{ Code, Message string }
	if json.Unmarshal(text, &e) != nil || e.Message == "" {
		return fmt.Errorf("the broker answers %s", status)
	}
	return fmt.Errorf("the broker answers %s: %s", e.Code, e.Message)
}
