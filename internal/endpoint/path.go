package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// privateSpace is the room that Path keeps below the runtime directory for the
// broker's longest private socket, "broker.d/SHORT.N.notify" with a generation
// of ten digits.
const privateSpace = len(PrivateDir) + len("/0123456789.4294967295.notify")

// Key names one daemon on disk: "x", or for an instance or one of several
// versions "x@" and the first 10 hex digits of sha256(version NUL instance).
func Key(service, version, instance string) string {
	if version == "" && instance == "" {
		return service
	}
	return service + "@" + digest(version+"\x00"+instance)
}

// Short is the first 10 hex digits of sha256(key), for private sockets: a key
// can have 75 bytes, which with the rest of a path would not fit sun_path.
func Short(key string) string { return digest(key) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}

// Path returns the endpoint of a service below the runtime directory: the path
// of its socket, or on Windows the name of its pipe. Its error is a
// *TooLongError if that path, or one of the broker's private sockets for it,
// would not fit.
func Path(runtime, service, version, instance string) (string, error) {
	if !filepath.IsAbs(runtime) {
		return "", &UnsafeError{runtime, "a runtime directory needs an absolute path"}
	}
	return endpointPath(location{root: filepath.Clean(runtime)}, "", service, version, instance)
}

// Find returns the endpoint of a service as Path does, below the runtime
// directory that Runtime derives.
func Find(service, version, instance string) (string, error) {
	domain, err := domainName()
	if err != nil {
		return "", err
	}
	base, err := runtimeBase()
	if err != nil {
		return "", err
	}
	return endpointPath(base, domain, service, version, instance)
}

func endpointPath(base location, domain, service, version, instance string) (string, error) {
	if !validName(service) {
		return "", &UnsafeError{service, "it is not a service's name"}
	}
	return socketPath(base, domain, Key(service, version, instance))
}

// CheckLen returns a *TooLongError if no socket can be bound at path.
func CheckLen(path string) error {
	if len(path) > maxPath {
		return &TooLongError{Path: path, Len: len(path), Max: maxPath}
	}
	return nil
}
