package dep

import (
	"errors"
	"os"
	"sync"
	"time"

	"imports/deep"
)

var (
	Changes  int
	Fixed    = 4096
	ErrFixed = errors.New("x")
	Table    = Read()
	kept     []func()
)

func Read() []byte { b, _ := os.ReadFile("x"); Pure(); return b }

type Store struct{ ch chan int }

func (s *Store) Wait() int { return <-s.ch }

func Guarded() { new(sync.Mutex).Lock() }

func Change() { Changes = deep.Zero }

func Call(f func() time.Time) time.Time { return f() }

func Keep(f func()) { kept = append(kept, f) }

func Pure() int { return deep.Zero }
