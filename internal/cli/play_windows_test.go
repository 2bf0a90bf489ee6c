package cli

// playBroker does nothing: no broker is autostarted on Windows.
func playBroker() {}
