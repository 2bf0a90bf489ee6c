package definition

import (
	"io/fs"
	"os"
)

// systemDirs: packagers have no place on Windows yet.
func systemDirs() []string { return nil }

func open(path string) (*os.File, error) { return os.Open(path) }

// judge trusts the access lists of the user's profile, which files in it
// inherit. Compiled, not run.
func judge(fs.FileInfo, dir) error { return nil }
