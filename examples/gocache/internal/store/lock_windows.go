package store

import (
	"context"
	"os"

	"golang.org/x/sys/windows"
)

// acquire takes the directory's lock, or waits for it where it cannot be
// interrupted. Compiled, not run.
func acquire(_ context.Context, path string, progress func(string)) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK
	handle := windows.Handle(f.Fd())
	err = windows.LockFileEx(handle, exclusive|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err == nil {
		return f, nil
	}
	progress("waiting for another process to let go of the store")
	if err := windows.LockFileEx(handle, exclusive, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		return nil, os.NewSyscallError("LockFileEx", err)
	}
	return f, nil
}
