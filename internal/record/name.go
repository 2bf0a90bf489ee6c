package record

import (
	"path/filepath"
	"strconv"
	"strings"
)

const (
	recordSuffix = ".json"
	lockSuffix   = ".lock"
	tempMark     = ".json.tmp-" // then random digits
)

// Path returns the path of a generation's record.
func Path(dir, key string, generation uint64) string {
	return filepath.Join(dir, stem(key, generation)+recordSuffix)
}

// LockPath returns the path of a generation's lock.
func LockPath(dir, key string, generation uint64) string {
	return filepath.Join(dir, stem(key, generation)+lockSuffix)
}

// ParsePath takes the path of a record apart: what a daemon does with
// DAEMONRY_RECORD.
func ParsePath(path string) (dir, key string, generation uint64, ok bool) {
	dir, file := filepath.Split(path)
	key, generation, ok = parseName(file, recordSuffix)
	return filepath.Clean(dir), key, generation, ok
}

func stem(key string, generation uint64) string {
	return key + "." + strconv.FormatUint(generation, 10)
}

// parseName reads "KEY.N" before the suffix; only the one spelling that stem
// gives is accepted, or two files would be one generation.
func parseName(file, suffix string) (key string, generation uint64, ok bool) {
	rest, found := strings.CutSuffix(file, suffix)
	dot := strings.LastIndexByte(rest, '.')
	if !found || dot < 0 || !ValidKey(rest[:dot]) {
		return "", 0, false
	}
	n, err := strconv.ParseUint(rest[dot+1:], 10, 64)
	if err != nil || n == 0 || stem(rest[:dot], n) != rest {
		return "", 0, false
	}
	return rest[:dot], n, true
}

// ValidKey accepts "service" and "service@<10 hex>", see endpoint.Key.
func ValidKey(key string) bool {
	service, hash, instance := strings.Cut(key, "@")
	return validService(service) && (!instance || len(hash) == 10) && strings.Trim(hash, "0123456789abcdef") == ""
}

func validService(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
