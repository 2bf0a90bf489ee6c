//go:build unix

// Command goplugin measures hashicorp/go-plugin from within: it is host and
// plugin in one program, as far from each other as two processes. The host starts
// a plugin for every line on its standard input, prints how long it took from
// there to the first answer, in nanoseconds, and ends the plugin.
package main

import (
	"bufio"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// A Byter answers with one byte, as the other daemons of the benchmark do.
type Byter struct{}

// Get is the one method, in the form of net/rpc.
func (Byter) Get(_ struct{}, answer *byte) error {
	*answer = 'x'
	return nil
}

// bytePlugin is the smallest plugin there is: net/rpc, which starts faster than gRPC.
type bytePlugin struct{}

func (bytePlugin) Server(*plugin.MuxBroker) (any, error) { return Byter{}, nil }

func (bytePlugin) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return c, nil }

func handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "BENCH_PLUGIN", MagicCookieValue: "on"}
}

func set() plugin.PluginSet { return plugin.PluginSet{"byter": bytePlugin{}} }

func main() {
	if os.Getenv(handshake().MagicCookieKey) != "" {
		plugin.Serve(&plugin.ServeConfig{HandshakeConfig: handshake(), Plugins: set(), Logger: hclog.NewNullLogger()})
		return
	}
	if err := host(); err != nil {
		fmt.Fprintln(os.Stderr, "goplugin:", err)
		os.Exit(1)
	}
}

func host() error {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		took, err := once()
		if err != nil {
			return err
		}
		fmt.Println(took.Nanoseconds())
	}
	return nil
}

// once starts a plugin and asks it for a byte.
func once() (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	c := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake(), Plugins: set(), Cmd: exec.Command(self),
		Logger: hclog.NewNullLogger(), AllowedProtocols: []plugin.Protocol{plugin.ProtocolNetRPC},
	})
	defer c.Kill()
	protocol, err := c.Client()
	if err != nil {
		return 0, err
	}
	raw, err := protocol.Dispense("byter")
	if err != nil {
		return 0, err
	}
	var answer byte
	if err := raw.(*rpc.Client).Call("Plugin.Get", struct{}{}, &answer); err != nil {
		return 0, err
	}
	return time.Since(begun), nil
}
