//go:build unix

package endpoint

import (
	"fmt"
	"os"
)

func judgePeer(p Peer) error {
	if uid := os.Geteuid(); int64(p.UID) != int64(uid) {
		return &UnsafeError{Reason: fmt.Sprintf("the other side is uid %d (process %d), this process is uid %d", p.UID, p.PID, uid)}
	}
	return nil
}
