//go:build linux

package process

import (
	"os/exec"
	"testing"
)

// BenchmarkGate is what the shell costs over BenchmarkBare.
func BenchmarkGate(b *testing.B) {
	for b.Loop() {
		g, err := Start(Spec{Argv: []string{"/bin/true"}})
		if err != nil {
			b.Fatal(err)
		}
		if err := g.Open(); err != nil {
			b.Fatal(err)
		}
		if _, err := g.Process().Wait(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := g.Process().Reap(); err != nil {
			b.Fatal(err)
		}
		g.Process().Close()
	}
}

func BenchmarkBare(b *testing.B) {
	for b.Loop() {
		if err := exec.Command("/bin/true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
