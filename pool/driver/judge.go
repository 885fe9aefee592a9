package driver

import (
	"cmp"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// End is how an attempt or a connection ended, as a user's hook sees it.
type End struct {
	Client   int
	Gen      uint32
	Endpoint Endpoint
	Opened   bool // it was a connection; false: an attempt that failed
	Cause    heal.Cause
	Code     uint16 // HTTP status or close code; 0: none
	Reason   string // of a close frame
	Err      error  // nil for a close frame
}

// Ruling is what a user's hook makes of an End. The zero value leaves it to the policy.
type Ruling struct {
	Verdict    heal.Verdict
	RetryAfter time.Duration // not before; 0: as the server said, if it did
	Within     time.Duration // window over which to spread; 0: as the server said, if it did
}

// judge posts the mail that an attempt or a connection has ended, when Options.Judge has
// had its say, on a goroutine of its own.
func (p *Fleet) judge(m mail, e End) {
	if p.options.Judge == nil {
		m.client.shard.post(m)
		return
	}
	p.users.Add(1)
	go p.ask(m, e)
}

func (p *Fleet) ask(m mail, e End) {
	defer p.users.Done()
	e.Client, e.Gen, e.Cause, e.Code, e.Err = m.client.id, m.event.Gen, m.event.Cause, m.event.Code, m.err
	r := p.options.Judge(e)
	m.event.Verdict = r.Verdict
	m.event.RetryAfter = cmp.Or(r.RetryAfter, m.event.RetryAfter)
	m.event.Within = cmp.Or(r.Within, m.event.Within)
	m.client.shard.post(m)
}
