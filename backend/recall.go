package backend

import "github.com/daemonry/daemonry/internal/notify"

// answerRecalls lets a broker that adopts this daemon have copies of its listeners
// back (see notify.RecallPath). It returns what ends that. A daemon that
// nobody could ask, or whose socket cannot be made, does without: a broker has other
// ways.
func (s *session) answerRecalls() (end func()) {
	path := notify.RecallPath(s.notify)
	if path == "" {
		return func() {}
	}
	socket, err := notify.Listen(path)
	if err != nil {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			m, err := socket.Receive() // only what our own uid sends
			if err != nil {
				return
			}
			if m.Recall {
				s.sendListeners()
			}
		}
	}()
	return func() {
		_ = socket.Remove() // a path that stays is replaced by whoever comes next
		<-ended
	}
}

func (s *session) sendListeners() {
	for _, l := range s.listeners {
		own, ok := l.Listener.(*listener)
		if !ok {
			continue
		}
		// Go's copy, for it cannot be closed, and its number used again, meanwhile.
		if raw, err := own.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				_ = notify.SendFiles(s.notify, []int{int(fd)}, "FDSTORE=1", notify.Text("FDNAME", l.Name)) // a broker that has gone again asks again
			})
		}
	}
}
