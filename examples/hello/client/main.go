// Command client prints what the daemon hello says.
package main

import (
	"context"
	"log"
	"os"

	"github.com/daemonry/daemonry"
)

func main() {
	conn, err := daemonry.Dial(context.Background(), "hello")
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.ReadFrom(conn)
}
