package pool

import (
	"fmt"
	"runtime"
	"strings"
)

// leaks reports leases that are held too long. It is the keeper's.
func (p *Pool) leaks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.come(&p.leak) {
		return
	}
	now := p.now()
	for l := range p.leases {
		if l.warned {
			continue
		}
		if due := l.since.Add(p.config.LeaseWarn); now.Before(due) {
			p.at(due)
			p.due(&p.leak, due)
			continue
		}
		l.warned = true
		p.publish(Event{
			Kind: LeaseLeaked, Connection: l.slot.client, Endpoint: l.slot.endpoint,
			Took: now.Sub(l.since), Stack: l.acquired(),
		})
	}
}

// acquired is the stack of who called Acquire.
func (l *Lease) acquired() string {
	var b strings.Builder
	frames := runtime.CallersFrames(l.stack)
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
