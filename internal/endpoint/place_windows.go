package endpoint

func removeStale(path string) error { return unsupported("free " + path) }

func rename(from, to string) error { return unsupported("rename " + from + " to " + to) }
