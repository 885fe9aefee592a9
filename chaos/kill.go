package chaos

import "fmt"

// Kill ends the target's process with SIGKILL and starts it again, on the same address,
// when the fault is over.
type Kill struct{}

// Kind names the fault.
func (Kill) Kind() string { return "kill" }

// Check finds nothing: a kill has no attributes.
func (Kill) Check() []string { return nil }

// String is empty: a kill has no attributes.
func (Kill) String() string { return "" }

func init() {
	register(Kind{
		Name: "kill", Family: Peer,
		Short: "the target's process is gone, and started again afterwards",
		About: "Ends the target's process with SIGKILL. Its kernel closes the connections, with a FIN or, where " +
			"bytes lay unread, a RST; dials are refused until the fault is over, when it is started again on the " +
			"same address. Behind a fault proxy clients see that the proxy accepts and then closes.",
		Conns:  []Conns{AllConns},
		Expect: []Sight{SeesReset, SeesEOF, SeesRefused},
		Proof:  []Proof{{"killed", "processes killed"}, {"cut", "connections that it held"}},
		Did: func(e Evidence) string {
			return fmt.Sprintf("%s killed, which held %s",
				count(int(e.Count("killed")), "process"), count(int(e.Count("cut")), "connection"))
		},
		Backends: []Support{{By: ByProcess, Whole: true}},
		Evidence: "the process was reaped, the kernel had shown connections at its port, and it accepts again",
		Example:  "{name: crash, inject: kill, on: blue, at: chaos, for: 2s}",
		New:      func() Effect { return new(Kill) },
	})
}
