//go:build unix

package endpoint

import "golang.org/x/sys/unix"

// maxPath leaves room for the terminating NUL, as the Go runtime does: 107 bytes
// on Linux, 103 on macOS.
const maxPath = len(unix.RawSockaddrUnix{}.Path) - 1

// socketPath puts root+below/domain/KEY.sock together, without domain if it is
// empty.
func socketPath(base location, domain, key string) (string, error) {
	separator := "/"
	if domain == "" {
		separator = ""
	}
	path := base.root + base.below + separator + domain + "/" + key + ".sock"
	runtime := path[:len(path)-len(key)-len("/.sock")]
	if longest := len(runtime) + len("/") + privateSpace; longest > maxPath {
		return "", &TooLongError{Path: runtime + "/" + PrivateDir + "/…", Len: longest, Max: maxPath}
	}
	return path, CheckLen(path)
}
