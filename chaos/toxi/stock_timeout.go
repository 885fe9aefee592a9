package toxi

import (
	"encoding/json"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["timeout"] = readTimeout }

// timeout swallows what comes. When it is removed it ends every connection that it was
// meant for, of whose stream there may be a hole by then. After some time in force on a
// connection, 0 for never, it ends it by itself. Toxiproxy counts that time from the last
// chunk that came, so that pings keep such a connection open for ever; this does not.
type timeout struct {
	after time.Duration
	then  deed // how it ends them
}

func readTimeout(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	var ms int64
	if err := fields("timeout", attributes, map[string]*int64{"timeout": &ms}); err != nil {
		return nil, err
	}
	after, err := milliseconds("timeout", "timeout", ms)
	return &order{rule: timeout{after, finishes}, way: wayOr(way)}, err
}

func (timeout) shape(o *order, l *lane, data []byte) [][]byte {
	l.conn.counts(o, "swallowed", int64(len(data)))
	l.note(o)
	return nil
}

func (r timeout) wakes(o *order, l *lane, now time.Time) (time.Duration, deed) {
	if r.after == 0 {
		return 0, nothing
	}
	began := memory[time.Time](l, o)
	if began.IsZero() {
		*began = now
	}
	if left := r.after - now.Sub(*began); left > 0 {
		return left, nothing
	}
	return 0, r.then
}

func (timeout) ended(o *order, p *proxy) {
	for _, c := range p.living() {
		if who := c.who.Load(); who != nil && o.covers(c) && o.has(who.client) {
			c.end()
		}
	}
}

// ender is told when the order is no longer in force, once.
type ender interface {
	ended(o *order, p *proxy)
}
