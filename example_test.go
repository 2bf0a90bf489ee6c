package daemonry_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"time"

	"github.com/daemonry/daemonry"
)

// A tool asks for its daemon by name and talks to it. Whether the daemon was
// running does not matter.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := daemonry.Dial(ctx, "gocache")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer conn.Close()
	fmt.Fprintln(conn, "get 5feceb66ffc8")
	answer, err := bufio.NewReader(conn).ReadString('\n')
	fmt.Println(answer, err)
}

// A tool that can do without its daemon looks at the code, and takes the direct
// path where there is no daemon to be had.
func ExampleCodeOf() {
	conn, err := daemonry.Dial(context.Background(), "gocache")
	switch daemonry.CodeOf(err) {
	case "":
		defer conn.Close()
		fmt.Println("compile with the cache")
	case daemonry.CodeOff, daemonry.CodeBrokerUnavailable, daemonry.CodeDisabled:
		fmt.Println("compile without it")
	default:
		fmt.Fprintln(os.Stderr, err)
	}
}

// An HTTP client whose server is a daemon: every connection of the pool is a
// Dial, so that requests find the daemon again after it was idle-stopped,
// upgraded or had crashed. The host of the URL is not looked at.
func ExampleDial_http() {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return daemonry.Dial(ctx, "indexer")
		},
	}}
	resp, err := client.Get("http://indexer/v1/symbols?q=Dial")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
}

// gRPC takes a function of this form as its context dialer:
//
//	grpc.NewClient("passthrough:///builder", grpc.WithContextDialer(dialer),
//		grpc.WithTransportCredentials(insecure.NewCredentials()))
//
// The target's endpoint, "builder", is the name that it is called with. Plain
// text is right here: the kernel vouches for both ends of a unix socket.
func ExampleDial_grpc() {
	dialer := func(ctx context.Context, name string) (net.Conn, error) {
		return daemonry.Dial(ctx, name)
	}
	conn, err := dialer(context.Background(), "builder")
	if err == nil {
		conn.Close()
	}
}

// net/rpc, and net/rpc/jsonrpc for daemons in other languages, run over the
// connection as it is.
func ExampleDial_rpc() {
	conn, err := daemonry.Dial(context.Background(), "calculator")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	client := jsonrpc.NewClient(conn) // or rpc.NewClient(conn)
	defer client.Close()
	var sum int
	err = client.Call("Arith.Add", []int{1, 2}, &sum)
	if errors.Is(err, rpc.ErrShutdown) {
		fmt.Fprintln(os.Stderr, "the daemon that had taken the connection has ended: dial again")
	}
	fmt.Println(sum, err)
}

// A daemon that loads for long says what it is doing, and the tool passes it on.
func ExampleWaitReady() {
	conn, err := daemonry.Dial(context.Background(), "indexer//home/me/project", daemonry.WaitReady(func(p daemonry.Progress) {
		fmt.Fprintf(os.Stderr, "waiting for %s, %s: %s\n", p.Name, p.Elapsed.Round(time.Second), p.Status)
	}))
	if e, ok := errors.AsType[*daemonry.Error](err); ok && e.Code == daemonry.CodeStartFailed {
		fmt.Fprintln(os.Stderr, e.Message)
		fmt.Fprintln(os.Stderr, e.Output) // what it printed before it died
		return
	}
	if err == nil {
		conn.Close()
	}
}

// A tool brings its daemon's definition along: nothing else is to be installed
// but the broker, and a file in the config directory still wins.
func ExampleDefine() {
	conn, err := daemonry.Dial(context.Background(), "gocache", daemonry.Define(daemonry.Service{
		Command: []string{"/usr/local/bin/gocached", "--dir", "{state_dir}"},
		Limits:  daemonry.Limits{Idle: daemonry.Duration(10 * time.Minute)},
	}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer conn.Close()
}

// A program that cannot use Go's connections is given the address instead.
func ExampleResolve() {
	res, err := daemonry.Resolve(context.Background(), "postgres")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(res.Network, res.Address, res.State)
}
