package result

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where it was measured. It names no host, user or path.
type Machine struct {
	System    string `json:"system"` // "linux/amd64"
	Kernel    string `json:"kernel"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    string `json:"memory"`
	Go        string `json:"go"`
	Backlog   string `json:"backlog"` // net.core.somaxconn
}

// ThisMachine asks the system; what it does not tell stays empty.
func ThisMachine() Machine {
	return Machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Kernel:    firstLine("/proc/sys/kernel/osrelease"),
		Processor: field("/proc/cpuinfo", "model name"),
		Memory:    gibibytes(field("/proc/meminfo", "MemTotal")),
		Backlog:   firstLine("/proc/sys/net/core/somaxconn"),
	}
}

// LoadAverage returns the 1, 5 and 15 minute averages; empty if not to be had.
func LoadAverage() string {
	fields := strings.Fields(firstLine("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// gibibytes rewrites "24684092 kB"; what it does not understand stays.
func gibibytes(text string) string {
	kib, err := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	if err != nil {
		return text
	}
	return fmt.Sprintf("%.0f GiB", kib/(1<<20))
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(line)
}

// field returns the value of the first line "name : value".
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		key, value, ok := strings.Cut(in.Text(), ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
