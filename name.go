package daemonry

import (
	"fmt"
	"strings"
)

// A Name says which daemon is meant. Its text form, used wherever a service is
// meant, is
//
//	service[@version][/instance]
//
// as in "gocache", "gopls@0.16.1" or "indexer//home/me/project": the instance
// is everything after the first slash and may itself contain slashes.
type Name struct {
	Service  string // [a-z0-9-]{1,64}, see ValidService
	Version  string // empty: the definition's own
	Instance string // empty unless the service is a template
}

// ParseName reads the text form of a Name. Its error is an *Error with
// CodeUnknownService, for a name that cannot exist is not known.
func ParseName(text string) (Name, error) {
	var n Name
	rest, instance, hasInstance := strings.Cut(text, "/")
	service, version, hasVersion := strings.Cut(rest, "@")
	n = Name{Service: service, Version: version, Instance: instance}
	switch {
	case !ValidService(service):
		return Name{}, badName(text, "a service name is 1 to 64 of a-z, 0-9 and '-'")
	case hasVersion && version == "":
		return Name{}, badName(text, "the version after '@' is empty")
	case hasInstance && instance == "":
		return Name{}, badName(text, "the instance after '/' is empty")
	case strings.ContainsRune(text, 0):
		return Name{}, badName(text, "it contains a NUL byte")
	}
	return n, nil
}

func badName(text, why string) error {
	return &Error{Code: CodeUnknownService, Op: "parse name", Service: text, Message: fmt.Sprintf("%q is not a service name: %s", text, why)}
}

// String returns the text form, which ParseName reads back.
func (n Name) String() string {
	s := n.Service
	if n.Version != "" {
		s += "@" + n.Version
	}
	if n.Instance != "" {
		s += "/" + n.Instance
	}
	return s
}

// ValidService reports whether s may name a service: [a-z0-9-]{1,64}. The rule
// keeps every name a single safe path element on every system, and leaves
// upper case, dots and '@' to Daemonry's own files.
func ValidService(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
