// Command gocache measures what Daemonry's example cache costs a build that
// finds everything: the wall time of a fully cached `go build`, with gocache and
// with Go's own cache in turns, as a ratio.
//
//	go run ./bench/gocache            # std, 30 pairs
//	go run ./bench/gocache -quick     # net/http, 7 pairs
//
// It builds gocache, fills both caches in private directories, and leaves
// nothing behind. Each pair is one build with each cache, the order alternating;
// the ratio is that of the pair, so that a machine that slows down for a while
// slows down both. The numbers are the median and the quartiles.
//
// # Concurrency
//
// Builds run one after the other.
//
// # Errors
//
// It exits with 1 if a build fails or misses something in the cache, and with
// 2 for a command line that it does not understand.
package main
