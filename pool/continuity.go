package pool

// ContinuityKind says how what follows in a stream is joined to what came before.
type ContinuityKind uint8

const (
	Unbroken ContinuityKind = iota // nothing happened
	Resumed                        // another connection goes on where the last one ended: nothing is missing
	Gap                            // some messages are missing: Missed, GivenUp
	Fresh                          // another connection knows nothing of before: Reason
)

func (k ContinuityKind) String() string {
	switch k {
	case Unbroken:
		return "unbroken"
	case Resumed:
		return "resumed"
	case Gap:
		return "gap"
	case Fresh:
		return "fresh"
	}
	return "invalid"
}

// Continuity is a statement about a stream of messages, told in order with them.
type Continuity struct {
	Kind    ContinuityKind
	From    uint64 // Resumed, Gap: the last number of ours that the peer has
	Missed  int    // Gap: messages of the peer's that will not come, as far as is known
	GivenUp int    // Gap: messages of ours that were too old to be sent again
	Reason  string // Fresh, Gap
}

// Delivery is what a stream holds: a message, or, when Continuity.Kind is not Unbroken,
// a statement about those around it, without a message.
type Delivery struct {
	Message    Message
	Continuity Continuity
}
