//go:build !linux

package process

func descriptor(int, uint32) (int, error) { return -1, unsupported("look at descriptors") }

func sockets(int) ([]int, error) { return nil, unsupported("look at descriptors") }

func socketHolders(uint32) ([]int, error) { return nil, unsupported("look at descriptors") }

func session(int) ([]int, error) { return nil, unsupported("list sessions") }

func executable(int) (Program, error) { return Program{}, unsupported("look at executables") }

func programAt(string) (Program, error) { return Program{}, unsupported("look at executables") }
