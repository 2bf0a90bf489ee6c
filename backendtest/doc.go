// Package backendtest is for tests of daemons: it shows from outside that a daemon
// keeps Daemonry's contract, in whatever language it is written.
//
//	func TestConformance(t *testing.T) {
//		backendtest.Run(t, backendtest.Command{
//			Args:   []string{"./hellod", "--data", "testdata/index"},
//			State:  "testdata/index",
//			Send:   "world\n",
//			Expect: "hello, world\n",
//		})
//	}
//
// Run makes each check a subtest, named by mode and check: those that fail say what
// was seen, why it matters, what to do, and what the daemon printed last;
// those that do not apply are skipped and say why. docs/CONFORMANCE.md lists
// them. `daemonry conform` is the same kit for the command line.
//
// Endpoint is for tests that run a backend in their own process.
//
// # Concurrency
//
// Run and Endpoint may be called by parallel tests. A State may be in one Run at
// a time.
//
// # Errors
//
// There are none: what is wrong fails the test. On systems where the kit is
// not offered (all but Linux) Run skips the test.
package backendtest
