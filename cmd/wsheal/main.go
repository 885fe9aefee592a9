// Command wsheal is a chaos and load-testing harness for WebSocket healing. See README.md.
package main

import "os"

func main() {
	os.Exit(execute(os.Args[1:], system()))
}
