package chaos

// Conns is which connections of its cohort a fault touches, by when they were opened.
type Conns string

const (
	AllConns Conns = "all"      // those that are open, and those opened while it is in force
	Existing Conns = "existing" // those that were open when it came into force
	New      Conns = "new"      // those opened since
)

// Covers says whether a fault on c touches a connection that was open, or not yet, when
// the fault came into force.
func (c Conns) Covers(wasOpen bool) bool {
	switch c {
	case Existing:
		return wasOpen
	case New:
		return !wasOpen
	}
	return true
}

// connsOr returns the connections that a fault touches: what it says, or its kind's default.
func (f Fault) connsOr(k Kind) Conns {
	if f.Conns == "" && len(k.Conns) > 0 {
		return k.Conns[0]
	}
	return f.Conns
}
