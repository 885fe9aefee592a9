package report

// part is what a client was at during a stretch of its outage.
type part uint8

const (
	detecting  part = iota // the fault was confirmed, the loss not noticed yet
	backoff                // between connections, as its policy says
	admission              // asking the pool it shares for a dial
	failing                // attempts that did not bring it back for good
	connecting             // the attempt that did: until there was a TCP connection
	securing               // the same: until TLS was agreed
	upgrading              // the same: until the upgrade was answered, the server's queue and work among it
	dialling               // those three together, where the journal does not tell them apart
	proving                // the attempt that did: open, until the first validated exchange
	relapse                // usable in between, which did not last
	stopped                // given up, or closed by its owner
	partCount
)

// partNames are the parts' names in metrics, and what they are, in words.
var partNames = [partCount]struct{ name, words string }{
	detecting:  {"detect", "from the fault's confirmation until the loss was noticed"},
	backoff:    {"backoff", "waiting as the policy says"},
	admission:  {"admission", "asking the pool for a dial"},
	failing:    {"failed", "attempts that did not bring the client back for good"},
	connecting: {"tcp", "until the attempt that did had a TCP connection, names and credentials among it"},
	securing:   {"tls", "from there until it had agreed on TLS"},
	upgrading:  {"upgrade", "from there until its upgrade was answered, with the server's queue and work"},
	dialling:   {"dial", "TCP, TLS and upgrade of the attempt that did, where the journal does not tell them apart"},
	proving:    {"prove", "from open to the first validated exchange of the attempt that did"},
	relapse:    {"relapse", "usable in between, which did not last"},
	stopped:    {"stopped", "given up, or closed by its owner"},
}

// parts are the ns of an outage by what the client was at. They sum to the whole.
type parts [partCount]int64

func (p parts) sum() (ns int64) {
	for _, d := range p {
		ns += d
	}
	return ns
}

// stages takes one outage apart as it goes on.
//
//	loss ─▶ backoff ─▶ admission ─▶ dial ─▶ prove ─▶ usable, for good
//	          ▲                      │        │        │ lost again
//	          └──── failed ◀─────────┴────────┴────────┘ (relapse)
type stages struct {
	at       int64 // up to which time is attributed
	is       part  // what the client is at
	began    int64
	first    int64 // from the loss to the first attempt; -1: none yet
	attempts int
	parts    parts
	track    track
	dialled  int64 // when the attempt under way began
}

func newStages(loss int64) stages { return stages{at: loss, is: backoff, began: loss, first: -1} }

// step takes the phase that the client is in from now on, why, and what the step says of
// its attempts. The first call is that of the loss.
func (s *stages) step(t int64, phase, cause string, a attempt) {
	s.advance(t)
	was := s.is
	tries := was == dialling || was == proving
	if up := isUsable(phase); was == relapse && !up || tries && (a.began || !up && phase != "dialing" && phase != "proving") {
		s.inVain()
	}
	if a.began || phase == "dialing" && was != dialling {
		s.dialled = t
	}
	if a.began {
		s.attempts++
		if s.first < 0 {
			s.first = t - s.began
		}
	}
	switch phase {
	case "waiting":
		s.is = backoff
	case "asking":
		s.is = admission
	case "dialing":
		s.is = dialling
	case "proving":
		s.is = proving
	case "idle", "gave up", "retired":
		s.is = stopped
	default:
		s.is = stopped
		if isUsable(phase) {
			s.is = relapse // until it is known to have lasted
		}
	}
	s.track.turn(t, s.is, cause)
}

// opened takes a dial apart that has come to a connection by now, given when it was one of
// TCP and of TLS; 0: it is not told, or there was none.
func (s *stages) opened(t, connected, secured int64) {
	if s.is != dialling || connected == 0 {
		return
	}
	s.advance(t)
	from := s.dialled
	connected = min(max(connected, from), t)
	s.parts[dialling] -= t - from
	s.parts[connecting] += connected - from
	s.track.became(connecting)
	if secured > 0 {
		secured = min(max(secured, connected), t)
		s.parts[securing] += secured - connected
		s.track.turn(connected, securing, "")
		connected = secured
	}
	s.parts[upgrading] += t - connected
	s.track.turn(connected, upgrading, "")
}

// advance attributes the time until now.
func (s *stages) advance(t int64) {
	if t > s.at {
		s.parts[s.is] += t - s.at
		s.at = t
	}
}

// close returns the parts of the outage, which ended at a time: of a healed one the time
// since it was last usable again is none of it, of one that is not, the attempt under way
// has brought nobody back.
func (s *stages) close(to int64, healed bool) parts {
	if healed {
		s.parts[relapse] -= s.at - to
		return s.parts
	}
	s.advance(to)
	s.inVain()
	return s.parts
}

// inVain counts the last attempt among those that did not bring the client back for good.
func (s *stages) inVain() {
	for p := connecting; p <= proving; p++ {
		s.parts[failing] += s.parts[p]
		s.parts[p] = 0
	}
	s.track.inVain()
}
