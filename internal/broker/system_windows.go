package broker

import (
	"errors"
	"os"
	"syscall"

	"github.com/daemonry/daemonry/internal/process"
)

// The broker compiles on Windows so that what is shared stays portable; a
// control pipe and a way to hand over listeners are not built, and Run says so.

func setUmask(int) {}

func setCloseOnExec(int) {}

func closeFD(int) {}

func setNonblock(int, bool) error { return errors.ErrUnsupported }

func dupFD(int) (int, error) { return -1, errors.ErrUnsupported }

func redirectOutput(string) error { return errors.ErrUnsupported }

func waitForLock(*os.File) error { return errors.ErrUnsupported }

func signalByName(string) (syscall.Signal, bool) { return 0, false }

func signalName(sig syscall.Signal) string { return sig.String() }

func fileInode(string) (dev, ino uint64, err error) { return 0, 0, errors.ErrUnsupported }

func copyDescriptor(process.Identity, int) (int, error) { return -1, errors.ErrUnsupported }
