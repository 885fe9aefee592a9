package server

import (
	"bufio"
	"fmt"
	"net"
)

// Commands of a control connection: one line each, answered with a number.
const (
	cutAll  = "cut"   // reset every connection; how many there were
	howMany = "count" // how many connections there are
)

// control serves a control connection. It ends with its client.
func (s *Server) control(c net.Conn) {
	in := bufio.NewScanner(c)
	for in.Scan() {
		n := -1
		switch in.Text() {
		case cutAll:
			n = s.cut()
		case howMany:
			n = s.count()
		}
		if _, err := fmt.Fprintln(c, n); err != nil {
			return
		}
	}
}

// Control is the client's side of a control connection.
type Control struct{ c net.Conn }

// DialControl opens a control connection.
func DialControl(addr string) (*Control, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Control{c}, nil
}

// Cut has the server reset every connection that it has, and returns how many those were
// when it is done.
func (c *Control) Cut() (int, error) { return c.ask(cutAll) }

// Count returns how many connections the server has.
func (c *Control) Count() (int, error) { return c.ask(howMany) }

func (c *Control) ask(command string) (n int, err error) {
	if _, err := fmt.Fprintln(c.c, command); err != nil {
		return 0, err
	}
	if _, err := fmt.Fscanln(c.c, &n); err != nil {
		return 0, fmt.Errorf("control %s: %w", command, err)
	}
	return n, nil
}

// Close closes the control connection.
func (c *Control) Close() { c.c.Close() }
