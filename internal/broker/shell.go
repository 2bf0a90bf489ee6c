package broker

import (
	"bufio"
	"errors"
	"os"
	"strings"
)

// loginShell reads the user database's last field, which package os/user does
// not tell.
func loginShell(name string) (string, error) {
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 7 && fields[0] == name && fields[6] != "" {
			return fields[6], nil
		}
	}
	return "", errors.New("no such user in /etc/passwd")
}
