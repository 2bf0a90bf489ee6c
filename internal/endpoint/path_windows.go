package endpoint

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// maxPath is the limit that CreateNamedPipe documents for the whole name.
const maxPath = 256

// socketPath keeps the runtime directory in the name, as a digest, so that
// domains and overridden directories have pipes of their own. Compiled, not run.
func socketPath(base location, domain, key string) (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("cannot find out the user's SID: %w", err)
	}
	path := `\\.\pipe\daemonry-` + digest(user.User.Sid.String()) + "-" + digest(base.root+base.below+"\x00"+domain) + "-" + key
	return path, CheckLen(path)
}
