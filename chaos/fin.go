package chaos

// Fin ends every connection of the cohort with a FIN and no close frame, once, when it
// comes into force.
type Fin struct{}

// Kind names the fault.
func (Fin) Kind() string { return "fin" }

// Check finds nothing: it has no attributes.
func (Fin) Check() []string { return nil }

// String is empty: it has no attributes.
func (Fin) String() string { return "" }

func init() {
	register(Kind{
		Name: "fin", Family: Network,
		Short: "a TCP FIN without a close frame ends every open connection",
		About: "Ends every connection of the cohort with a TCP FIN on both sides and without a close frame, once, as a proxy " +
			"that shuts down in order does. What peers still send is read and dropped. Connections opened afterwards live.",
		Conns: []Conns{Existing}, Once: true, Ramp: true,
		Expect: []Sight{SeesEOF},
		Proof:  []Proof{{"fins", "connections ended with a FIN"}}, Reach: 1,
		Backends: []Support{{By: ByProxy}},
		Evidence: "every client of the cohort that had an open connection was sent a FIN",
		Example:  "{name: shut, inject: fin, on: blue, at: chaos, share: 100%}",
		New:      func() Effect { return new(Fin) },
	})
}
