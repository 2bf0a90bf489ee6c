package process

func checkCommand(argv []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return &CommandError{Reason: "it is empty"}
	}
	return nil // Windows tells at the start what is wrong
}
