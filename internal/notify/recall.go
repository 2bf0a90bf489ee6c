package notify

import "strings"

// RecallPath is where a daemon of ours can be asked for its listeners, beside its
// notify socket; "" for a notify socket of somebody else's. An adopting broker
// binds the notify socket again and then sends RecallLine here; the daemon answers
// with a message for each listener: FDSTORE=1, FDNAME=<name>, and the descriptor.
// This works where the kernel does not let the broker take them (pidfd_getfd under
// Yama, or from a process that is not dumpable).
func RecallPath(notifySocket string) string {
	stem, ok := strings.CutSuffix(notifySocket, ".notify")
	if !ok || !strings.HasPrefix(stem, "/") {
		return ""
	}
	return stem + ".recall"
}

// RecallLine is the question that a daemon is sent at RecallPath.
const RecallLine = KeyRecall + "=1"
