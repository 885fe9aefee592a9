package report

import (
	"cmp"
	"slices"
)

// Views is what the proxy saw of connections one by one. Where the clients are ours, they
// have a view of their own, and both are held against each other.
type Views struct {
	Connections int64 `json:"connections"` // accepted from clients of the run
	Opened      int64 `json:"opened"`      // whose client was handed a 101
	Unended     int64 `json:"unended"`     // open at the end
	Guessed     int64 `json:"guessed"`     // that did not say whose they are: given to clients by the order of arrival
	Strange     int64 `json:"strange"`     // that could be given to nobody: the dial was given up before it said anything
	Up          int64 `json:"up"`          // messages from clients that came whole
	Down        int64 `json:"down"`        // messages to them

	Ends []WireEnd `json:"ends"` // how connections ended, the most frequent first

	Agreement *Agreement `json:"agreement,omitempty"` // nil: there is no other view
}

// WireEnd counts connections that ended alike.
type WireEnd struct {
	By     string `json:"by"`               // client, server, fault
	Status int    `json:"status,omitempty"` // HTTP, where it was not 101
	Code   uint16 `json:"code,omitempty"`   // of the first close frame
	Closer string `json:"closer,omitempty"` // whose that was
	Reset  bool   `json:"reset,omitempty"`
	N      int64  `json:"n"`
}

// Agreement holds the clients' own view against the wire's: connection by connection, by
// the generation that each upgrade carries.
type Agreement struct {
	Clients int64 `json:"clients"` // that have dialled
	Agree   int64 `json:"agree"`   // of them, those of whom both count the same connections, and the same of them opened

	Dials       int64 `json:"dials"`       // by the clients, but for those still under way at the end
	Connections int64 `json:"connections"` // of these, those that the wire has
	OpenedOwn   int64 `json:"opened_own"`  // by the clients
	OpenedWire  int64 `json:"opened_wire"` // by the wire

	ApartP50 int64 `json:"apart_p50"` // ns between the two moments at which a connection was open, median
	ApartMax int64 `json:"apart_max"` // ns
}

// Agrees says whether both views count the same, client by client, and their times are
// within 5 ms at the median.
func (a *Agreement) Agrees() bool { return a.Agree == a.Clients && a.ApartP50 <= 5e6 }

// views folds connections as the proxy saw them.
type views struct {
	own     bool // the clients have a view of their own
	seen    Views
	any     bool
	ends    map[WireEnd]int64
	pending map[claim]moments // connections of which only one view has told
	tallies byClient[tally]
	came    byClient[bool] // of clients that are not ours, those that ever dialled
	opened  Agreement
	apart   []int64
}

// claim is a connection as both views know it.
type claim struct {
	client int
	gen    uint32
}

// moments are what the client's own view said of a connection.
type moments struct {
	opened int64 // 0: not
	over   bool  // it has failed or was lost
}

// tally is one client by both views.
type tally struct{ dials, conns, own, wire int64 }

// apartMost bounds the differences that are kept for their median.
const apartMost = 1 << 20

func newViews(run *Run) *views {
	return &views{own: !run.fromWire(), ends: map[WireEnd]int64{}, pending: map[claim]moments{}}
}

func (v *views) Add(rec Record) {
	switch {
	case rec.Conn != nil:
		v.conn(rec.Conn)
	case rec.Step != nil && v.own:
		v.step(rec.T, rec.Step)
	case rec.Step != nil:
		*v.came.at(rec.Step.Client) = true
	}
}

func (v *views) step(t int64, s *Step) {
	for i := range s.Actions {
		if a := &s.Actions[i]; a.Kind == "dial" {
			v.pending[claim{s.Client, a.Gen}] = moments{}
			v.forget(s.Client, a.Gen)
		}
	}
	key := claim{s.Client, s.EventGen}
	m, ok := v.pending[key]
	if !ok {
		return
	}
	switch s.Event {
	case "opened":
		m.opened = max(t, 1)
	case "failed", "lost":
		m.over = true
	}
	v.pending[key] = m
}

// forgetAfter is how many dials of a client later the wire can have no more to say of one.
const forgetAfter = 64

// forget settles a dial of long ago that the wire has not told of.
func (v *views) forget(client int, gen uint32) {
	if gen <= forgetAfter {
		return
	}
	key := claim{client, gen - forgetAfter}
	if m, ok := v.pending[key]; ok {
		v.settle(key, m)
	}
}

// settle counts a dial by the client's view.
func (v *views) settle(key claim, m moments) {
	delete(v.pending, key)
	c := v.tallies.at(key.client)
	c.dials++
	if m.opened > 0 {
		c.own++
	}
}

func (v *views) conn(c *Conn) {
	v.any = true
	s := &v.seen
	if c.Client < 0 {
		s.Strange++
		return
	}
	s.Connections++
	s.Up += c.Up
	s.Down += c.Down
	if c.Opened > 0 {
		s.Opened++
	}
	if c.Guessed {
		s.Guessed++
	}
	if c.Ended == 0 {
		s.Unended++
	} else {
		end := WireEnd{By: c.By, Code: c.Code, Closer: c.Closer, Reset: c.Reset}
		if c.Status != 101 {
			end.Status = c.Status
		}
		if _, known := v.ends[end]; known || len(v.ends) < causesMost {
			v.ends[end]++
		}
	}
	if !v.own {
		return
	}
	key := claim{c.Client, c.Gen}
	m, ok := v.pending[key]
	if !ok {
		v.tallies.at(c.Client).conns++ // that the client knows nothing of
		return
	}
	v.settle(key, m)
	t := v.tallies.at(c.Client)
	t.conns++
	if c.Opened > 0 {
		t.wire++
	}
	if c.Opened > 0 && m.opened > 0 {
		d := max(m.opened-c.Opened, c.Opened-m.opened)
		v.opened.ApartMax = max(v.opened.ApartMax, d)
		if len(v.apart) < apartMost {
			v.apart = append(v.apart, d)
		}
	}
}

// Close returns nil where nobody told of connections.
func (v *views) Close() *Views {
	if !v.any {
		return nil
	}
	out := v.seen
	out.Ends = []WireEnd{}
	for end, n := range v.ends {
		end.N = n
		out.Ends = append(out.Ends, end)
	}
	slices.SortFunc(out.Ends, func(a, b WireEnd) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.By, b.By), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Closer, b.Closer), boolOrder(a.Reset, b.Reset))
	})
	if v.own {
		out.Agreement = v.agreement()
	}
	return &out
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (v *views) agreement() *Agreement {
	for key, m := range v.pending {
		if m.over || m.opened > 0 { // else it was still under way
			v.settle(key, m)
		}
	}
	a := v.opened
	v.tallies.each(func(_ int, t *tally) {
		if t.dials == 0 && t.conns == 0 {
			return
		}
		a.Clients++
		if t.dials == t.conns && t.own == t.wire {
			a.Agree++
		}
		a.Dials += t.dials
		a.Connections += t.conns
		a.OpenedOwn += t.own
		a.OpenedWire += t.wire
	})
	if len(v.apart) > 0 {
		slices.Sort(v.apart)
		a.ApartP50 = v.apart[len(v.apart)/2]
	}
	return &a
}
