package object

import "os"

// stampOf has no inode here: size and modification time must do. Compiled, not
// run.
func stampOf(path string) (Stamp, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Stamp{}, err
	}
	if !info.Mode().IsRegular() {
		return Stamp{}, notRegular(path, info.Mode())
	}
	return Stamp{Size: info.Size(), ModTime: info.ModTime().UnixNano()}, nil
}
