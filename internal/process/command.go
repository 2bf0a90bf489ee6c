package process

// CheckCommand returns nil if the command can be executed, as far as that can be
// told without doing so, and a *CommandError if not: its path is absolute, it is a
// regular file that this user may execute, and the interpreters that its first
// line names exist and may be executed too. The shell at the gate could tell
// these apart only by exit statuses that a command may have as well.
func CheckCommand(argv []string) error { return checkCommand(argv) }

// CommandError says why a command cannot be executed.
type CommandError struct {
	Path   string // what was looked at: the command, or its interpreter
	Reason string // words, such as "no such file"
}

func (e *CommandError) Error() string {
	if e.Path == "" {
		return "cannot execute a command: " + e.Reason
	}
	return "cannot execute " + e.Path + ": " + e.Reason
}
