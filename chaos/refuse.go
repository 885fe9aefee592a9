package chaos

// Refuse turns new connections off, as where nobody listens. Those that are open go on.
type Refuse struct{}

// Kind names the fault.
func (Refuse) Kind() string { return "refuse" }

// Check finds nothing: it has no attributes.
func (Refuse) Check() []string { return nil }

// String is empty: it has no attributes.
func (Refuse) String() string { return "" }

func init() {
	register(Kind{
		Name: "refuse", Family: Connect,
		Short: "new connections are reset as soon as they are made",
		About: "Resets new connections before a byte is read; those that are open go on. The kernel completes the TCP " +
			"handshake before a proxy hears of it, so a client sees a reset at its first read or write, seldom at its dial.",
		Conns:    []Conns{New},
		Expect:   []Sight{SeesReset, SeesRefused},
		Proof:    []Proof{{"refused", "connections turned off"}},
		Reach:    1,
		Evidence: "every connection that was made while it was in force was reset",
		Backends: []Support{
			{By: ByProxy, Whole: true, Note: "whose connection it is, is not known before its request is read"},
			{By: ByTarget, Whole: true, Note: "it stops listening, on Linux, so that dials are refused; what the kernel refuses nobody counts but connections of the target's own, which it sends to see"},
		},
		Example: "{name: down, inject: refuse, on: blue, at: chaos, for: 5s}",
		New:     func() Effect { return new(Refuse) },
	})
}
