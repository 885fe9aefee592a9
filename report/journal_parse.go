package report

// A journal is nearly all steps, and a long one has millions of them. They are read here by
// hand in the form in which Writer writes them: no space between tokens, plain ASCII, whole
// numbers, each key once, in any order. Everything else, and everything wrong, is left to
// encoding/json, so that there is one judge of what a record is: FuzzSteps holds the two
// against each other.

// cursor reads one line from left to right. Once something is not as expected it is off,
// and what it returns from then on means nothing.
type cursor struct {
	text  []byte
	at    int
	off   bool
	words *vocabulary
}

// parseStep reads a line that is a step and nothing else. False leaves s in any state; s is
// otherwise overwritten, its list of actions used again.
func parseStep(line []byte, words *vocabulary, s *Step) (t int64, ok bool) {
	c := cursor{text: line, words: words}
	*s = Step{Actions: s.Actions[:0]}
	const both = 1<<0 | 1<<1
	var seen uint32
	for c.expect('{'); !c.off; c.expect(',') {
		switch string(c.key()) {
		case "t":
			c.once(&seen, 1<<0)
			t = c.integer()
		case "step":
			c.once(&seen, 1<<1)
			c.step(s)
		default:
			c.off = true
		}
		if c.next() == '}' {
			break
		}
	}
	c.expect('}')
	return t, !c.off && c.at == len(line) && seen == both && t >= 0
}

func (c *cursor) step(s *Step) {
	const required = 1<<0 | 1<<1 | 1<<2 | 1<<19 | 1<<20 // c, gen, ev, from, to
	var seen uint32
	for c.expect('{'); !c.off; c.expect(',') {
		switch string(c.key()) {
		case "c":
			c.once(&seen, 1<<0)
			s.Client = int(c.integer())
		case "gen":
			c.once(&seen, 1<<1)
			s.Gen = uint32(c.natural(1<<32 - 1))
		case "ev":
			c.once(&seen, 1<<2)
			s.Event = c.word()
		case "eg":
			c.once(&seen, 1<<3)
			s.EventGen = uint32(c.natural(1<<32 - 1))
		case "ee":
			c.once(&seen, 1<<4)
			s.EventEndpoint = uint8(c.natural(1<<8 - 1))
		case "timer":
			c.once(&seen, 1<<5)
			s.Timer = uint32(c.natural(1<<32 - 1))
		case "cause":
			c.once(&seen, 1<<6)
			s.Cause = c.word()
		case "code":
			c.once(&seen, 1<<7)
			s.Code = uint16(c.natural(1<<16 - 1))
		case "verdict":
			c.once(&seen, 1<<8)
			s.Verdict = c.word()
		case "only":
			c.once(&seen, 1<<9)
			s.Only = c.yes()
		case "retry_after":
			c.once(&seen, 1<<10)
			s.RetryAfter = c.integer()
		case "within":
			c.once(&seen, 1<<11)
			s.Within = c.integer()
		case "rtt":
			c.once(&seen, 1<<12)
			s.RTT = c.integer()
		case "inbound":
			c.once(&seen, 1<<13)
			s.Inbound = c.integer()
		case "outbound":
			c.once(&seen, 1<<14)
			s.Outbound = c.integer()
		case "drained":
			c.once(&seen, 1<<15)
			s.Drained = c.integer()
		case "handed":
			c.once(&seen, 1<<16)
			s.Handed = c.integer()
		case "heard":
			c.once(&seen, 1<<17)
			s.Heard = c.integer()
		case "path":
			c.once(&seen, 1<<18)
			s.Path = c.word()
		case "connected":
			c.once(&seen, 1<<25)
			s.Connected = c.integer()
		case "secured":
			c.once(&seen, 1<<26)
			s.Secured = c.integer()
		case "from":
			c.once(&seen, 1<<19)
			s.From = c.word()
		case "to":
			c.once(&seen, 1<<20)
			s.To = c.word()
		case "attempt":
			c.once(&seen, 1<<21)
			s.Attempt = uint32(c.natural(1<<32 - 1))
		case "ep":
			c.once(&seen, 1<<22)
			s.Endpoint = uint8(c.natural(1<<8 - 1))
		case "late":
			c.once(&seen, 1<<23)
			s.Late = c.integer()
		case "do":
			c.once(&seen, 1<<24)
			for c.expect('['); !c.off; c.expect(',') {
				s.Actions = append(s.Actions, c.action())
				if c.next() == ']' {
					break
				}
			}
			c.expect(']')
		default:
			c.off = true
		}
		if c.next() == '}' {
			break
		}
	}
	c.expect('}')
	c.off = c.off || seen&required != required
}

func (c *cursor) action() (a Action) {
	var seen uint32
	for c.expect('{'); !c.off; c.expect(',') {
		switch string(c.key()) {
		case "a":
			c.once(&seen, 1<<0)
			a.Kind = c.word()
		case "gen":
			c.once(&seen, 1<<1)
			a.Gen = uint32(c.natural(1<<32 - 1))
		case "timer":
			c.once(&seen, 1<<2)
			a.Timer = uint32(c.natural(1<<32 - 1))
		case "at":
			c.once(&seen, 1<<3)
			a.At = c.integer()
		case "ep":
			c.once(&seen, 1<<4)
			a.Endpoint = uint8(c.natural(1<<8 - 1))
		case "code":
			c.once(&seen, 1<<5)
			a.Code = uint16(c.natural(1<<16 - 1))
		case "avoid":
			c.once(&seen, 1<<6)
			a.Avoid = c.yes()
		case "fresh":
			c.once(&seen, 1<<7)
			a.Fresh = c.yes()
		default:
			c.off = true
		}
		if c.next() == '}' {
			break
		}
	}
	c.expect('}')
	return a
}

// once notes that a key has occurred.
func (c *cursor) once(seen *uint32, bit uint32) {
	if *seen&bit != 0 {
		c.off = true
	}
	*seen |= bit
}
