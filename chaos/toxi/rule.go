package toxi

import (
	"encoding/json"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// A kind of fault is obeyed by a rule: a type in a file of its own that implements some of
// the interfaces below and is entered by obeys. Rules never change once they are in force;
// what they remember of a lane or a connection they keep there (memory).
//
//	accepted ─▶ greeter ─▶ dial, links
//	chunk comes ─▶ breaker ─▶ framer ─▶ shaper ─▶ delayer ─▶ queue
//	chunk at the head ─▶ holder ─▶ due? ─▶ pacer ─▶ sink ─▶ counted
//	comes into force, cohort grows ─▶ sweeper
//	time goes by ─▶ waker
//
// But for the greeter and the sweeper, all are called under the lane's lock; none may
// wait or take a lock that is held while something waits.
type rule any

// holder keeps what comes from going on for as long as the order is in force.
type holder interface {
	// holds says what may not go on: bytes, with all that is behind them, and ends of stream.
	holds() (bytes, ends bool)
}

// delayer says how long after it came the n-th chunk of a lane may go on. End tells that
// it is the end of stream.
type delayer interface {
	delay(o *order, l *lane, n uint64, end bool) time.Duration
}

// shaper puts other chunks in a chunk's place, none to swallow it. It is not asked about
// the end of stream. What it returns it has counted (order.count, lane.note).
type shaper interface {
	shape(o *order, l *lane, data []byte) [][]byte
}

// pacer says how long n bytes at the head must still wait; 0: not for its sake. It is asked
// again after that time, and told of them when they go on.
type pacer interface {
	pace(o *order, l *lane, n int, now time.Time) time.Duration
	paced(o *order, l *lane, n int, now time.Time)
}

// breaker says what is to become of the connection because a chunk comes. Unless it is
// nothing, the chunk is not forwarded.
type breaker interface {
	breaks(o *order, l *lane, data []byte) deed
}

// waker acts when a time has come. It is asked as the order comes into force on a lane,
// whenever something happens there, and after the time that it named: it says after which
// to ask again, 0 for not for time's sake, and what is to become of the connection.
type waker interface {
	wakes(o *order, l *lane, now time.Time) (again time.Duration, do deed)
}

// sweeper acts once on each connection of the cohort that is open as the order comes into
// force. It is called by several goroutines, with no lock held, and says whether it acted
// on the connection and when it found it closed already.
type sweeper interface {
	sweep(o *order, c *conn) fate
}

// greeter decides about a connection that has just been accepted, of which only the
// ordinal is known. With it goes that a share of clients cannot be picked.
type greeter interface {
	greet(o *order, c *conn) greeting
}

// greeting is what becomes of a connection that was accepted.
type greeting uint8

const (
	welcome   greeting = iota // it is dialled onwards
	turnedOff                 // it is closed with a RST at once, as where nobody listens
)

// obedience makes a rule of an effect, and says which way it acts.
type obedience func(chaos.Effect) (rule, chaos.Direction)

// stockToxic reads a toxic of Toxiproxy's own that no kind of ours is called like, or
// whose attributes mean something else: way is its stream, empty when it names none.
type stockToxic func(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error)

var (
	rules       = map[string]obedience{}  // by kind
	stockToxics = map[string]stockToxic{} // by type
)

// obeys enters the rule of a kind; each rule's file calls it once, from init.
func obeys[E chaos.Effect](make func(E) (rule, chaos.Direction)) {
	var none E
	rules[none.Kind()] = func(e chaos.Effect) (rule, chaos.Direction) { return make(e.(E)) }
}
