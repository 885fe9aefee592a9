package crowd

import (
	"math"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// limit is how many handshakes may be under way at one endpoint: additive increase,
// multiplicative decrease (Chiu and Jain, Computer Networks and ISDN Systems 17, 1989).
// Each round of as many handshakes as the limit raises it by one; a failure that tells of
// load halves it, and so does a round of which more than half were slow. What was
// admitted before the last cut cannot cut again, so one burst of failures is one cut, as
// a window of lost segments is for TCP (RFC 6582).
type limit struct {
	now    float64
	most   float64
	epoch  uint32 // counts the cuts
	seen   int    // handshakes of this round
	slow   int    // of them those that were slow
	smooth time.Duration

	// The baseline is the fastest handshake of the last one to two minutes, or the last one
	// that was alone: no queue of ours was before it (as BBR finds the round trip of an empty
	// path with next to nothing in flight; Cardwell et al., ACM Queue 14.5, 2016). A mean would
	// follow the queue that it is there to see.
	fastest [2]time.Duration
	turned  heal.Instant
}

const (
	baselineWindow = time.Minute
	// noise is what a handshake may take beyond the baseline without being slow: a
	// scheduler's doing. The same goes for pings.
	noise = 5 * time.Millisecond
)

func newLimit(p *Policy) limit {
	return limit{now: float64(p.EndpointDials), most: float64(p.EndpointDials)}
}

// room is how many handshakes may be under way: never none.
func (l *limit) room() int { return max(1, int(l.now)) }

// answered takes the time of a handshake that succeeded.
func (l *limit) answered(took time.Duration, epoch uint32, now heal.Instant, p *Policy) {
	slow, alone := false, epoch == l.epoch && l.room() == 1
	if took > 0 {
		slow = l.compare(took, now, p) && !alone
	}
	if epoch != l.epoch {
		return
	}
	if alone && took > l.fastest[0] { // the path is longer, the server slower, or this machine is: whoever waited for the old baseline would dial one at a time until it is forgotten
		l.fastest = [2]time.Duration{took}
	}
	l.seen++
	if slow {
		l.slow++
	} else {
		l.now = min(l.most, l.now+1/math.Floor(l.now))
	}
	if l.seen >= l.room() {
		if 2*l.slow > l.seen {
			l.cut(epoch)
		}
		l.seen, l.slow = 0, 0
	}
}

// compare takes a sample, and tells whether it is slow.
func (l *limit) compare(took time.Duration, now heal.Instant, p *Policy) bool {
	if l.smooth == 0 {
		l.smooth = took
	}
	l.smooth += (took - l.smooth) / 8
	if now.Sub(l.turned) >= baselineWindow {
		l.turned = now
		if l.fastest[0] > 0 {
			l.fastest[0], l.fastest[1] = 0, l.fastest[0]
		}
	}
	if l.fastest[0] == 0 || took < l.fastest[0] {
		l.fastest[0] = took
	}
	base := l.fastest[0]
	if l.fastest[1] > 0 {
		base = min(base, l.fastest[1])
	}
	return took > max(time.Duration(p.LatencyFactor*float64(base)), base+noise)
}

// cut halves the limit, unless that which is the reason was admitted before the last cut.
func (l *limit) cut(epoch uint32) {
	if epoch != l.epoch {
		return
	}
	l.epoch++
	l.now = max(1, l.now/2)
	l.seen, l.slow = 0, 0
}
