package broker

// tcpQueue stands in for the head of a TCP listener's queue, which the kernel
// does not tell: a number that stays the same as long as nobody who waited when
// it was given has left the queue.
type tcpQueue struct {
	number  uint64
	waiting map[string]bool
}

func (q *tcpQueue) look(waiting map[string]bool) (head uint64) {
	for client := range q.waiting {
		if !waiting[client] {
			q.waiting = nil
			break
		}
	}
	if len(waiting) == 0 {
		q.waiting = nil
		return 0
	}
	if len(q.waiting) == 0 {
		q.waiting = waiting
		q.number++
	}
	return q.number
}

// tcpHead looks at listener i, which has this address.
func (p *running) tcpHead(i int, address string) uint64 {
	peers, err := tcpPeers(address)
	if err != nil {
		return 0 // nobody is blamed
	}
	if p.tcpQueues == nil {
		p.tcpQueues = map[int]*tcpQueue{}
	}
	if p.tcpQueues[i] == nil {
		p.tcpQueues[i] = &tcpQueue{}
	}
	return p.tcpQueues[i].look(peers.waiting)
}
