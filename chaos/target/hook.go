package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

// A kind of fault is a rule here: a door.Rule, asked before the upgrade is answered, or a
// type in a file of its own that implements some of the interfaces below. It is entered by
// obeys. Rules may be called from many goroutines at once, and do what they do by hook.act.
type rule any

// starter does something to the whole server, or says why it cannot; what it returns undoes
// that.
type starter interface {
	start(h *hook, s *Server) (stop func(), err error)
}

// sweeper acts once on each open connection of the cohort as the hook comes into force, and
// must not wait for long, as the injection waits for it.
type sweeper interface {
	sweep(h *hook, c *connection)
}

// opener acts on each connection of the cohort when its upgrade has been answered with 101,
// before its first message is read. It must not wait.
type opener interface {
	opened(h *hook, c *connection)
}

var rules = map[string]func(chaos.Effect) rule{} // by kind

// obeys enters the rule of a kind; each rule's file calls it once, from init.
func obeys[E chaos.Effect](make func(E) rule) {
	var none E
	rules[none.Kind()] = func(e chaos.Effect) rule { return make(e.(E)) }
}

// foreign is where the numbers of clients begin that do not say who they are: their
// ordinals of arrival.
const foreign = 1 << 63

// hook is one fault in force on the target, and what was counted of it.
type hook struct {
	name  string
	kind  string
	seed  uint64
	share float64
	conns chaos.Conns
	rule  rule
	clock func() int64

	ctx    context.Context // done when it is over
	over   context.CancelFunc
	from   atomic.Uint64 // ordinal of the first connection accepted after it came into force
	stop   func()        // undoes what start did; nil: nothing to undo
	expiry *time.Timer   // nil: until it is cleared

	acting sync.RWMutex // held for reading while something is done and counted; taken before mu

	mu                     sync.Mutex
	evidence               chaos.Evidence // but for the sets
	targeted, hit, control map[uint64]struct{}
}

// posted is a fault as it is posted. Times are nanoseconds.
type posted struct {
	Name       string          `json:"name"`
	Kind       string          `json:"kind"`
	Seed       uint64          `json:"seed"`
	Share      *float64        `json:"share"` // default 1
	For        time.Duration   `json:"for"`   // 0: until it is cleared
	Conns      chaos.Conns     `json:"connections"`
	Attributes json.RawMessage `json:"attributes"`
}

// hookOf reads a fault, or says what is wrong with it.
func (s *Server) hookOf(in posted) (*hook, error) {
	if in.Name == "" {
		return nil, errors.New(`field name: "", expected the name of the fault`)
	}
	share := 1.0
	if in.Share != nil {
		share = *in.Share
	}
	if !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("field share: %v, expected 0 to 1", share)
	}
	if in.For < 0 {
		return nil, fmt.Errorf("field for: %v, expected 0 or more", in.For)
	}
	effect, err := chaos.DecodeEffect(in.Kind, in.Attributes)
	if err != nil {
		return nil, err
	}
	f := chaos.Fault{Name: in.Name, Share: share, Seed: in.Seed, For: in.For, Conns: in.Conns, Effect: effect}
	make, ok := rules[in.Kind]
	if err := chaos.Refusal(f, chaos.ByTarget); err != nil {
		return nil, err
	} else if !ok {
		return nil, fmt.Errorf("target cannot express %s", in.Kind)
	}
	if in.Conns == "" {
		k, _ := chaos.Lookup(in.Kind)
		in.Conns = k.Conns[0]
	}
	h := &hook{
		name: in.Name, kind: in.Kind, seed: in.Seed, share: share, conns: in.Conns, rule: make(effect), clock: s.options.Clock,
		targeted: map[uint64]struct{}{}, hit: map[uint64]struct{}{}, control: map[uint64]struct{}{},
	}
	h.from.Store(math.MaxUint64)
	h.ctx, h.over = context.WithCancel(context.Background())
	return h, nil
}

// has says whether the hook touches a connection.
func (h *hook) has(c *connection) bool {
	return h.ctx.Err() == nil && h.conns.Covers(c.ordinal < h.from.Load()) && chaos.InCohort(h.seed, h.name, c.client(), h.share)
}

// act does something to a connection of the cohort and counts it, by a counter of the kind's
// Proof, when it says that it could. Whoever finds the hook cleared finds it counted. It
// returns false, and does nothing, when the hook is over.
func (h *hook) act(c *connection, counter string, do func() bool) bool {
	h.acting.RLock()
	defer h.acting.RUnlock()
	if h.ctx.Err() != nil {
		return false
	}
	client := c.client()
	if !chaos.IsCanary(client) {
		h.mu.Lock()
		h.targeted[client] = struct{}{}
		h.mu.Unlock()
	}
	if do() {
		h.count(client, counter, 1)
	}
	return true
}

// count counts what was done to a client's connection, and asks anew whether the client is
// one that it should have been done to.
func (h *hook) count(client uint64, counter string, n int64) {
	now := h.clock()
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &h.evidence
	if e.First == 0 {
		e.First = now
	}
	e.Last = max(e.Last, now)
	if chaos.IsCanary(client) {
		return
	}
	if e.Counts == nil {
		e.Counts = map[string]int64{}
	}
	e.Counts[counter] += n
	switch {
	case chaos.InCohort(h.seed, h.name, client, h.share):
		h.hit[client] = struct{}{}
	default:
		h.control[client] = struct{}{}
	}
}

func (h *hook) armed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.evidence.Armed = h.clock()
}

// end ends the hook and what waits for its sake; false when it was over already.
func (h *hook) end() bool {
	if h.ctx.Err() != nil {
		return false
	}
	h.over()
	h.acting.Lock() // when what is being done is done
	defer h.acting.Unlock()
	if h.stop != nil {
		h.stop()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.expiry != nil {
		h.expiry.Stop()
	}
	h.evidence.Cleared = h.clock()
	return true
}

func (h *hook) witnessed() chaos.Evidence {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.evidence
	e.Counts = maps.Clone(e.Counts)
	e.Targeted, e.ControlHit = len(h.targeted), len(h.control)
	for client := range h.hit {
		if _, ok := h.targeted[client]; ok {
			e.Hit++
		}
	}
	return e
}

// caller is a connection as a rule of the door sees it.
func (h *hook) caller(c *connection, head []byte) *door.Caller {
	return &door.Caller{
		Context: h.ctx, Conn: c.conn, Head: head,
		TooMany: func(max int) bool { return c.server.tooMany(c, max) },
		Act:     func(counter string, do func() bool) bool { return h.act(c, counter, do) },
	}
}
