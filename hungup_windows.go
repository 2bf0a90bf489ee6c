package daemonry

import "net"

func hungUp(net.Conn) bool { return false }
