// Command before is a word index that binds late: clients that come while it
// loads are refused, and whoever started it has to poll.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
)

type server struct{ words map[string]bool }

func main() {
	s, err := load(os.Getenv("WORDS")) // may take long: nothing listens yet
	if err != nil {
		log.Fatal(err)
	}
	os.Remove(os.Args[1]) // perhaps the socket of another one that lives
	l, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go s.answer(c)
	}
}

func load(path string) (*server, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &server{words: map[string]bool{}}
	for _, w := range strings.Fields(string(data)) {
		s.words[w] = true
	}
	return s, nil
}

func (s *server) answer(c net.Conn) {
	defer c.Close()
	for in := bufio.NewScanner(c); in.Scan(); {
		fmt.Fprintln(c, s.words[in.Text()])
	}
}
