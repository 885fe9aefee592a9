package toxi

import (
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

const tapType = "wsheal_tap"

func init() { toxics.Register(tapType, new(tap)) }

// tap is the permanent toxic of one proxy and direction. Toxiproxy makes it from JSON,
// so it finds its proxy by number.
type tap struct {
	Proxy  uint64 `json:"proxy"`
	Stream string `json:"stream"`
}

// proxies are those that a tap can find.
var proxies sync.Map // uint64 → *proxy

// GetBufferSize is the number of chunks that may wait before the tap.
func (*tap) GetBufferSize() int { return 4 }

// NewState is called from within StartLink, while the proxy says which connection it is
// starting.
func (t *tap) NewState() any {
	p, _ := proxies.Load(t.Proxy)
	if t.Stream == stream.Upstream.String() {
		return p.(*proxy).starting.up
	}
	return p.(*proxy).starting.down
}

// Pipe moves chunks from the link's beginning to its end as the lane decides. It waits
// for four things at once and for nothing alone, so that it obeys whatever stalls.
func (*tap) Pipe(stub *toxics.ToxicStub) {
	l := stub.State.(*lane)
	var timer *time.Timer
	for {
		s := l.next()
		switch {
		case s.gone:
			l.conn.end()
			continue
		case s.do != nothing:
			l.do(s.do, s.by)
			continue
		case s.over:
			stub.Close()
			for c := range stub.Input { // until the source ends, so that it can
				l.late(c)
			}
			l.conn.proxy.ends.Done()
			return
		case s.end:
			stub.Close()
			l.conn.proxy.ends.Done()
			return
		}
		var in <-chan *stream.StreamChunk
		if s.read {
			in = stub.Input
		}
		var out chan<- *stream.StreamChunk
		if s.send != nil {
			out = stub.Output
		}
		var due <-chan time.Time
		if s.wait > 0 {
			if timer == nil {
				timer = time.NewTimer(s.wait)
				defer timer.Stop()
			} else {
				timer.Reset(s.wait)
			}
			due = timer.C
		}
		select {
		case <-stub.Interrupt:
			l.interrupted()
			return // the queue stays in the stub's state
		case <-l.wake:
		case <-due:
		case out <- s.send:
			l.sent()
		case c := <-in:
			if do, o := l.push(c); do != nothing {
				l.do(do, o)
			}
		}
	}
}

// interrupted takes back what was offered, as the tap stops for Toxiproxy's sake.
func (l *lane) interrupted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.withdraw()
}
