package definition

import (
	"net/netip"
	"strings"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
)

const listenForms = `"unix", "unix:NAME" and "tcp:127.0.0.1:4226" are allowed`

func (c *checker) listen() {
	seen := make(map[string]bool, len(c.s.Listen))
	for i, text := range c.s.Listen {
		key := element("listen", i)
		if seen[text] {
			c.refuse(key, "%q is there twice", shorten(text))
		}
		seen[text] = true
		c.listener(key, text)
	}
	if c.s.Mode == daemonry.ModeBind && len(c.s.Listen) > 0 && (len(c.s.Listen) > 1 || c.s.Listen[0] != "unix") {
		c.relate("listen", `a daemon in mode "bind" is given one path to bind: only ["unix"] is allowed`)
	}
}

func (c *checker) listener(key, text string) {
	network, address, named := strings.Cut(text, ":")
	switch {
	case network == "tcp":
		c.tcp(key, text, address)
	case network != "unix":
		c.refuse(key, "%q is not a listener; %s", shorten(text), listenForms)
	case named && !daemonry.ValidService(address):
		c.refuse(key, "%q has no good name after the colon: 1 to 64 of a-z, 0-9 and '-' are allowed", shorten(text))
	}
}

// tcp takes fixed ports of loopback addresses. A host name is refused because
// what it means is up to files and servers that others write.
func (c *checker) tcp(key, text, address string) {
	at, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		c.refuse(key, `%q is not a listener: after "tcp:" goes an IP address and a port, as in "tcp:127.0.0.1:4226" or "tcp:[::1]:4226"`, shorten(text))
	case !at.Addr().IsLoopback():
		c.refuse(key, "%q would be open to the network; only loopback addresses (127.0.0.0/8 and [::1]) are allowed", shorten(text))
	case at.Port() == 0:
		c.refuse(key, "%q has port 0; clients could not find it, so the port must be fixed", shorten(text))
	case c.s.Template:
		c.relate(key, "%q would be the same port for every instance; a template can only listen on unix sockets", shorten(text))
	case c.s.Versions != "":
		c.relate(key, "%q would be the same port for every version; with versions only unix sockets are allowed", shorten(text))
	}
}

// longestListener checks the path of the longest named listener: a name is
// added to the endpoint's.
func longestListener(path string, listen []string) error {
	longest := ""
	for _, text := range listen {
		if name, ok := strings.CutPrefix(text, "unix:"); ok && len(name) > len(longest) {
			longest = name
		}
	}
	if longest == "" {
		return nil
	}
	stem, _ := strings.CutSuffix(path, ".sock")
	return endpoint.CheckLen(stem + "." + longest + ".sock")
}
