package toxi

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["slicer"] = readSlicer }

// slicer cuts chunks into pieces of a size that varies, and lets some time go by after each.
type slicer struct {
	size, variation int
	pause           time.Duration
}

// readSlicer reads Toxiproxy's slicer, whose delay is in µs. A size of 0, or one that is
// not above its variation, kills Toxiproxy.
func readSlicer(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	const kind = "slicer"
	var size, variation, delay int64
	err := fields(kind, attributes, map[string]*int64{"average_size": &size, "size_variation": &variation, "delay": &delay})
	switch {
	case err != nil:
		return nil, err
	case size == 0:
		return nil, badRequest(kind + `: attribute "average_size": 0 is not above 0`)
	case size > 1<<30:
		return nil, badRequest(fmt.Sprintf(`%s: attribute "average_size": %d is above %d`, kind, size, 1<<30))
	case variation >= size:
		return nil, badRequest(fmt.Sprintf(`%s: attribute "size_variation": %d is not below average_size %d`, kind, variation, size))
	case delay > int64(time.Hour/time.Microsecond):
		return nil, badRequest(fmt.Sprintf(`%s: attribute "delay": %d µs is above 1h`, kind, delay))
	}
	return &order{rule: slicer{int(size), int(variation), time.Duration(delay) * time.Microsecond}, way: wayOr(way)}, nil
}

// cuts is what a lane remembers: how many pieces it has cut, by which their sizes vary,
// and when the next may go.
type cuts struct {
	n    uint64
	next time.Time
}

func (r slicer) shape(o *order, l *lane, data []byte) (pieces [][]byte) {
	m := memory[cuts](l, o)
	for len(data) > 0 {
		n := r.size
		if r.variation > 0 {
			n += int((2*o.uniform(l.conn.who.Load().client, l.way, m.n) - 1) * float64(r.variation))
		}
		n = min(n, len(data))
		pieces, data = append(pieces, data[:n]), data[n:]
		m.n++
	}
	if len(pieces) > 1 {
		l.conn.counts(o, "sliced", 1)
		l.conn.counts(o, "pieces", int64(len(pieces)))
		l.note(o)
	}
	return pieces
}

func (r slicer) pace(o *order, l *lane, _ int, now time.Time) time.Duration {
	return max(0, memory[cuts](l, o).next.Sub(now))
}

func (r slicer) paced(o *order, l *lane, _ int, now time.Time) {
	memory[cuts](l, o).next = now.Add(r.pause)
}
