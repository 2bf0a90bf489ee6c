package endpoint

func backlogFull(error) bool { return false }
