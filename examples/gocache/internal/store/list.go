package store

import "github.com/daemonry/daemonry/examples/gocache/internal/object"

// item is one object. Store.mu guards it.
type item struct {
	output object.Output
	size   int64

	verified bool          // the bytes were hashed since the load, or since stamp changed
	stamp    object.Stamp  // of the verified file
	checking chan struct{} // closed when the hash that is being computed is known
	gone     bool          // deleted; whoever still has the pointer must not use it

	used      int64  // last served, nanoseconds since 1970
	saved     int64  // what the index says of used
	condemned uint64 // the epoch in which it was condemned; zero: alive

	list       *list
	prev, next *item
}

// list is a doubly linked list of items, most recently used first, with the sum
// of their sizes.
type list struct {
	first, last *item
	length      int
	bytes       int64
}

func (l *list) pushFirst(it *item) {
	it.list, it.prev, it.next = l, nil, l.first
	if l.first != nil {
		l.first.prev = it
	} else {
		l.last = it
	}
	l.first = it
	l.length++
	l.bytes += it.size
}

// unlink takes it out of the list that it is in.
func (it *item) unlink() {
	l := it.list
	if it.prev != nil {
		it.prev.next = it.next
	} else {
		l.first = it.next
	}
	if it.next != nil {
		it.next.prev = it.prev
	} else {
		l.last = it.prev
	}
	l.length--
	l.bytes -= it.size
	it.list, it.prev, it.next = nil, nil, nil
}
