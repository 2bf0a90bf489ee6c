// Package proxy passes bytes between two stream connections, unchanged.
//
// It is for clients that reached a listener of the broker's while the daemon
// they meant has a listener of its own. What a byte stream cannot carry is lost
// on the way: descriptors and credentials sent beside the bytes, and the client's
// pid (the daemon sees the broker's; the uid is the same).
//
// # Concurrency
//
// A Pump may be used from any goroutine. Join holds two goroutines and, while no
// bytes come, no buffer; it returns after both.
//
// # Errors
//
// There is nobody to tell: whatever happens to one connection happens to the
// other.
package proxy
