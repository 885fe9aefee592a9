package toxi

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/wsheal/wsheal/chaos"
)

// notesMost bounds what is kept for whoever watches; a second of a storm is a tenth of it.
const notesMost = 1 << 17

// notes are what the proxies of a server have seen and nobody has fetched. Nothing is noted
// before somebody asks for the first time.
type notes struct {
	on   atomic.Bool
	mu   sync.Mutex
	last uint64 // number of the newest
	lost uint64
	kept []chaos.Sighting // numbered up to last
}

// taken says whether anybody wants them.
func (n *notes) taken() bool { return n != nil && n.on.Load() }

func (n *notes) add(s chaos.Sighting) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.kept) >= notesMost {
		n.lost++
		return
	}
	n.last++
	n.kept = append(n.kept, s)
}

// after returns what is numbered higher, and forgets the rest. Who asks again for what has
// been forgotten gets what there is.
func (n *notes) after(seen uint64) chaos.Sightings {
	n.on.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	first := n.last - uint64(len(n.kept)) // number before that of kept[0]
	if seen > first {
		n.kept = slices.Clone(n.kept[min(seen, n.last)-first:])
	}
	return chaos.Sightings{Last: n.last, Lost: n.lost, Seen: slices.Clone(n.kept)}
}

func (s *Server) getSightings(r *http.Request, _ []byte) (int, any, error) {
	text := cmp.Or(r.FormValue("after"), "0")
	after, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, nil, badRequest(fmt.Sprintf("after %q: expected a number, the last that was fetched", text))
	}
	return http.StatusOK, s.notes.after(after), nil
}

func (s *Server) getStanding(*http.Request, []byte) (int, any, error) {
	list := []chaos.Sighting{}
	for _, p := range s.all() {
		for _, c := range p.living() {
			if !c.ended() {
				up, down := c.said()
				list = append(list, c.sighting(chaos.SeenStands, up, down))
			}
		}
	}
	return http.StatusOK, list, nil
}

// seen is what is remembered of a connection to be told.
type seen struct {
	accepted int64 // before anybody can ask
	status   atomic.Int32

	mu     sync.Mutex
	named  bool
	told   bool // that it came
	opened int64
	ended  int64
	by     string
	reset  bool
	closer chaos.Direction // that of the first close frame; empty: none
}

// closing notes the first close frame.
func (s *seen) closing(way chaos.Direction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closer == "" {
		s.closer = way
	}
}

// dismissed notes a close frame of ours to the client, unless there was one before.
func (c *conn) dismissed(code uint16) {
	l := c.down
	l.mu.Lock()
	if !l.frames.said.closing {
		l.frames.said.closing, l.frames.said.code = true, code
	}
	l.mu.Unlock()
	c.seen.closing(l.way)
}

// came notes that it is known whose the connection is, as far as it says.
func (c *conn) came(named bool) {
	c.seen.mu.Lock()
	c.seen.named, c.seen.told = named, true
	c.seen.mu.Unlock()
	c.tell(chaos.SeenCame, said{}, said{})
}

// openedFor notes that the client has the beginning of the target's 101.
func (c *conn) openedFor() {
	c.seen.mu.Lock()
	first := c.seen.opened == 0
	if first {
		c.seen.opened = c.proxy.clock()
	}
	c.seen.mu.Unlock()
	if first {
		c.tell(chaos.SeenOpened, said{}, said{})
	}
}

// endedBy notes who ended the connection. The first counts; it is told when all that was
// said on it is known.
func (c *conn) endedBy(who string, reset bool, now int64) {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	c.seen.endedBy(who, reset, now)
}

// endedBy notes it. s.mu is held.
func (s *seen) endedBy(who string, reset bool, now int64) {
	if s.ended == 0 {
		s.ended, s.by, s.reset = now, who, reset
	}
}

// ended says whether anybody ended the connection.
func (c *conn) ended() bool {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	return c.seen.ended != 0
}

// left tells that the connection is no more. No lane's lock is held.
func (c *conn) left() {
	if !c.proxy.notes.taken() {
		return
	}
	c.endedBy("server", false, c.proxy.clock())
	c.wasServed() // which is told before
	up, down := c.said()
	c.seen.mu.Lock()
	told := c.seen.told
	c.seen.told = true
	c.seen.mu.Unlock()
	if !told { // it ended before it said anything
		c.tell(chaos.SeenCame, said{}, said{})
	}
	c.tell(chaos.SeenEnded, up, down)
}

// said is what was said in each direction until now. No lane's lock is held.
func (c *conn) said() (up, down said) {
	for l, s := range map[*lane]*said{c.up: &up, c.down: &down} {
		l.mu.Lock()
		*s = l.frames.said
		l.mu.Unlock()
	}
	return up, down
}

func (c *conn) tell(what string, up, down said) {
	if c.proxy.notes.taken() {
		c.proxy.notes.add(c.sighting(what, up, down))
	}
}

// sighting is the connection at a moment.
func (c *conn) sighting(what string, up, down said) chaos.Sighting {
	s := chaos.Sighting{What: what, Target: c.proxy.name, Conn: c.ordinal, Status: int(c.seen.status.Load()), Up: up.messages, Down: down.messages}
	if who := c.who.Load(); who != nil {
		s.Client, s.Gen = who.client, who.gen
	}
	c.seen.mu.Lock()
	s.Named, s.Accepted, s.Opened = c.seen.named, c.seen.accepted, c.seen.opened
	if what == chaos.SeenEnded {
		s.Ended, s.By, s.Reset = c.seen.ended, c.seen.by, c.seen.reset
	}
	closer := c.seen.closer
	c.seen.mu.Unlock()
	switch { // who answers a close frame sends one, too
	case closer == chaos.Down && down.closing:
		s.Code, s.Closer = cmp.Or(down.code, 1005), "server"
	case closer == chaos.Up && up.closing:
		s.Code, s.Closer = cmp.Or(up.code, 1005), "client"
	}
	return s
}
