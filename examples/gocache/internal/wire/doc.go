// Package wire is what helper and daemon say to each other: frames of at most
// 64 KiB, each with a kind and the number of the question that it asks or
// answers. Bodies do not travel: a helper writes a put's body to a file in the
// store's spool and sends its name, so that a put is as small as a get and can
// be sent again after the daemon has died.
//
//	client                              daemon
//	Hello{version, helper or tool}  →
//	                                ←   Welcome{directory, view}
//	Get{action}                     →
//	                                ←   Hit{output, size, time, path} | Miss | Failed{why}
//	Put{action, output, size, path} →
//	                                ←   Hit{…} | Failed{why}
//	Used{hits, outputs}             →       (no answer)
//	Stats | Clean                   →
//	                                ←   Report{JSON} | Failed{why}
//	Bye                             →
//	                                ←   Bye
//
// Questions may be sent without waiting; answers come in any order. Hello is
// answered before the store is loaded, everything else after. A client that
// closes without Bye is taken to have been killed.
//
// # Concurrency
//
// Functions may be used from several goroutines; a Reader only from one.
//
// # Errors
//
// A *FormatError is a peer that does not speak this protocol: the connection is
// of no more use. Everything else is the connection's own error.
package wire
