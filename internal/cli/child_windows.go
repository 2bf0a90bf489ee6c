package cli

import "os"

// passedSignals is os.Interrupt alone, so that Ctrl-C, which the console gives
// to the child too, does not end this process first.
func passedSignals() []os.Signal { return []os.Signal{os.Interrupt} }

// fromTerminal is always true: the console has sent it to the child as well.
func fromTerminal(os.Signal) bool { return true }
