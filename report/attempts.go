package report

// attempts follows the dials of each client from their order to their outcome. An
// attempt has healed its client when the client is usable by it, and has failed when the
// client dials again or goes elsewhere before that. The dial of a planned move is none,
// for its client is usable meanwhile; it becomes one when the old connection is lost
// before the new one has proved itself.
type attempts struct {
	pending byClient[dial]
}

// dial is one that was ordered and has no outcome yet.
type dial struct {
	at      int64 // when it was ordered
	pending bool
}

// outcome of an attempt that a step ended.
type outcome uint8

const (
	noAttempt outcome = iota // the step ended none
	attemptHealed
	attemptFailed
)

// attempt is what a step says of the client's attempts.
type attempt struct {
	began   bool
	moves   bool // a dial was ordered, of a client that stays usable
	ended   outcome
	endedOf int64 // when the ended one had begun
}

func (a *attempts) step(t int64, s *Step) (out attempt) {
	dials := false
	for i := range s.Actions {
		dials = dials || s.Actions[i].Kind == "dial"
	}
	under := s.To == "dialing" || s.To == "proving"
	out.moves = dials && isUsable(s.To)
	out.began = dials && !out.moves || isUsable(s.From) && under
	open := a.pending.at(s.Client)
	if open.pending {
		out.endedOf = open.at
		switch {
		case isUsable(s.To):
			out.ended = attemptHealed
		case s.To == "retired": // the owner gave it up: it neither healed nor failed
			*open = dial{}
		case out.began, !under:
			out.ended = attemptFailed
		}
		if out.ended != noAttempt {
			*open = dial{}
		}
	}
	if out.began {
		*open = dial{at: t, pending: true}
	}
	return out
}
