package pool

import (
	"net/http"
	"slices"

	"github.com/wsheal/wsheal/pool/driver"
)

// options are the fleet's.
func (p *Pool) options() driver.Options {
	c := &p.config
	o := driver.Options{
		Seed: c.Seed, Policy: c.Policy, Endpoints: slices.Clone(c.Endpoints), Epoch: p.epoch,
		Shared:      &driver.Shared{Policy: c.Crowd, ResolveEvery: c.ResolveEvery},
		Judge:       c.Judge,
		DialContext: c.DialContext, Resolve: c.Resolve, Proxy: c.Proxy, TLS: c.TLS,
		Subprotocols: c.Subprotocols, Deflate: c.Deflate,
		MaxMessage: c.MaxMessage, MaxFrame: c.MaxFrame,
		Guarantee: driver.AtMostOnce, QueueFrames: c.QueueMessages, QueueBytes: c.QueueBytes,
		InboxFrames: c.InboxFrames, InboxBytes: c.InboxBytes,
		Header: p.header(), Credentials: c.Credentials,
		Validate: p.validate, Moot: p.moot, Observe: p.observe, Sent: p.sent, Heard: p.heard, Receive: p.receive, Accept: p.accept, InFlight: p.inFlightOn,
	}
	switch c.QueueFull {
	case DropOldest:
		o.Full = driver.DropOldest
	case Disconnect:
		o.Full = driver.Disconnect
	default: // leases wait in the fleet, all others here
		o.Full = driver.Block
	}
	return o
}

// header is what every upgrade carries.
func (p *Pool) header() func(int, uint32) http.Header {
	h := p.config.Header.Clone()
	if h == nil {
		return nil
	}
	return func(int, uint32) http.Header { return h }
}

// inFlightOn is what was written to a connection that is to go, and waits for its answer.
func (p *Pool) inFlightOn(client int, gen uint32) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slots[client]
	if s == nil {
		return 0
	}
	for f := range s.flights.all {
		if f.out && f.gen == gen {
			n++
		}
	}
	return n
}
