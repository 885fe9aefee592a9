package chaos

// Reset ends every connection of the cohort with a TCP RST, once, when it comes into force.
type Reset struct{}

// Kind names the fault.
func (Reset) Kind() string { return "reset" }

// Check finds nothing: a reset has no attributes.
func (Reset) Check() []string { return nil }

// String is empty: a reset has no attributes.
func (Reset) String() string { return "" }

func init() {
	register(Kind{
		Name: "reset", Family: Network,
		Short: "a TCP RST ends every open connection",
		About: "Ends every connection of the cohort with a TCP RST, once. Connections opened afterwards live. " +
			"A reset after so many bytes is limit, one after a time is lifetime, each with then: rst.",
		Conns: []Conns{Existing}, Once: true, Ramp: true,
		Expect: []Sight{SeesReset},
		Proof:  []Proof{{"resets", "connections reset"}}, Reach: 1,
		Did:      func(e Evidence) string { return count(int(e.Resets), "connection") + " reset" },
		Backends: []Support{{By: ByProxy}},
		Evidence: "every client of the cohort that had an open connection had it ended with a RST",
		Example:  "{name: cut, inject: reset, on: blue, at: chaos, share: 100%}",
		New:      func() Effect { return new(Reset) },
	})
}
