package endpoint

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// verifyDir checks kind and owner. The mode is the profile directory's access
// list, which new directories inherit. Compiled, not run.
func verifyDir(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return fmt.Errorf("cannot look at %s: %w", path, err)
	case info.Mode()&fs.ModeType != fs.ModeDir:
		return &UnsafeError{path, "it is not a directory, or a reparse point"}
	}
	return checkOwner(path)
}

func checkIdentity() error { return nil }

// checkOwner compares the owner's SID with the user's and the one that the
// user's token gives to new files (for administrators that is their group).
func checkOwner(path string) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot find out the owner of %s: %w", path, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("cannot find out the owner of %s: %w", path, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("cannot find out the user's SID: %w", err)
	}
	if owner.Equals(user.User.Sid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
		return nil
	}
	return &UnsafeError{path, "it belongs to " + owner.String() + ", this process is " + user.User.Sid.String()}
}
