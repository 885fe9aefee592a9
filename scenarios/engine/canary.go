package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/wire"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

const (
	canaryLead     = 3 * time.Second       // before the fault, to connect and to learn what is usual
	canaryEvery    = 50 * time.Millisecond // between two messages
	canaryPatience = 2 * time.Second       // for an answer, or a connection
	canaryMargin   = 10 * time.Millisecond // by which an answer is late, beyond twice the slowest before
)

// canary is a client that is nobody's: it sends, waits for the echo, and notes what it
// sees. It knows nothing of the pool, and of what it does nothing is measured.
type canary struct {
	dial   dialFunc
	target Target
	access access
	echoes bool   // the target sends back what it is sent; false: it is pinged instead
	url    string // of the target
	number uint64

	conn     net.Conn      // nil: not connected
	ready    chan struct{} // closed when a message was answered before the fault, or none has to be
	sent     int
	patience time.Duration
	fresh    bool          // it comes anew each time, as the fault is of new connections; the time that takes counts
	usual    time.Duration // the slowest answer before the fault

	mu  sync.Mutex
	saw []chaos.Sight // each once, in the order of their coming
}

// witness is the canaries of one fault that says what is expected of it.
type witness struct {
	fault     scenarios.Fault
	kind      chaos.Kind
	cohort    *canary
	outside   *canary // nil where nobody is outside
	commanded chan struct{}
	cancel    context.CancelFunc
	living    sync.WaitGroup
}

// watch sends canaries to see a fault, some time before it; nil where it does not say what
// is expected of it.
func (r *run) watch(ctx context.Context, f scenarios.Fault) *witness {
	if len(f.Expect) == 0 || !sleepUntil(ctx, heal.Instant(f.At-canaryLead), r.now) {
		return nil
	}
	kind, _ := chaos.Lookup(f.Effect.Kind())
	kind.Expect = f.Sights()
	w := &witness{fault: f, kind: kind, commanded: make(chan struct{})}
	ctx, w.cancel = context.WithCancel(ctx)
	w.cohort, w.outside = r.canaries(f)
	for _, c := range []*canary{w.cohort, w.outside} {
		if c != nil {
			c.fresh = !f.Conns.Covers(true)
			w.living.Go(func() { c.live(ctx, slices.Contains(f.Expect, chaos.SeesSlow), w.commanded) })
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.witnesses[f.Name] = w
	return w
}

// begin waits for the canaries to be there, and tells them that what they see from here on
// may be the fault.
func (w *witness) begin(ctx context.Context) {
	if w == nil {
		return
	}
	late := time.NewTimer(canaryPatience)
	defer late.Stop()
	for _, c := range []*canary{w.cohort, w.outside} {
		if c == nil {
			continue
		}
		select {
		case <-c.ready:
		case <-late.C:
			late.Reset(0)
		case <-ctx.Done():
		}
	}
	close(w.commanded)
}

// end ends the canaries. What comes of a fault that happens and is over is waited for.
func (w *witness) end(r *run, ctx context.Context) {
	if w == nil {
		return
	}
	if w.kind.OnceOf(w.fault.Conns) {
		r.await(ctx, canaryPatience, func() bool {
			return slices.ContainsFunc(w.cohort.seen(), func(s chaos.Sight) bool { return slices.Contains(w.fault.Expect, s) })
		})
	}
	w.stop()
}

// clearing ends the canaries before the fault is cleared: what comes of that is not the
// fault. Of what happens and is over nothing is cleared.
func (w *witness) clearing() {
	if w != nil && !w.kind.OnceOf(w.fault.Conns) {
		w.stop()
	}
}

func (w *witness) stop() {
	w.cancel()
	w.living.Wait()
}

// judge weighs what was proved against what the canaries saw. It is for when they have ended.
func (w *witness) judge(state chaos.State, why string) (chaos.State, string) {
	if w == nil {
		return state, why
	}
	select {
	case <-w.cohort.ready:
	default:
		if state == chaos.Confirmed {
			return chaos.Unverifiable, "its canary had no answer before it (" + why + ")"
		}
	}
	seen := chaos.Canary{Cohort: w.cohort.seen(), Sent: w.outside != nil}
	if seen.Sent {
		seen.Outside = w.outside.seen()
	}
	return seen.Judge(w.fault.Expect, w.kind, state, why)
}

// canaries are one of the fault's cohort and one outside it; nil where nobody is. Other
// faults touch neither, where that can be had.
func (r *run) canaries(f scenarios.Fault) (cohort, outside *canary) {
	on := f.Targets()[0]
	var others []chaos.Fault
	for _, o := range r.scenario.Faults {
		if o.Name != f.Name && slices.Contains(o.Targets(), on) {
			others = append(others, o.Fault)
		}
	}
	send := func(number uint64) *canary {
		i := slices.IndexFunc(r.scenario.Targets, func(t scenarios.Target) bool { return t.Name == on })
		patience := canaryPatience
		if f.For > 0 {
			patience = min(patience, f.For/2)
		}
		return &canary{ready: make(chan struct{}), dial: r.dialAs(number, on), target: r.targets[i], access: r.access[i], echoes: r.echoes(), url: r.url(i), number: number, patience: patience}
	}
	in, ok := chaos.CanaryFor(f.Fault, true, others)
	if !ok {
		in, _ = chaos.CanaryFor(f.Fault, true, nil)
	}
	if out, ok := chaos.CanaryFor(f.Fault, false, others); ok {
		outside = send(out)
	}
	return send(in), outside
}

// live sends and waits, until ctx ends: before the fault is commanded to learn what is
// usual, unless the fault is of new connections and does not make them slow, and from then
// on to note what is not.
func (c *canary) live(ctx context.Context, slow bool, commanded <-chan struct{}) {
	defer func() {
		if c.conn != nil {
			c.conn.Close()
		}
	}()
	if c.fresh && !slow {
		close(c.ready)
		select {
		case <-commanded:
		case <-ctx.Done():
			return
		}
	}
	for {
		saw, took := c.look(ctx)
		if ctx.Err() != nil {
			return // what was seen, if anything, was our own end
		}
		if c.fresh && c.conn != nil { // the next is a new one again
			c.conn.Close()
			c.conn = nil
		}
		select {
		case <-commanded:
			if saw == chaos.SeesNothing && c.usual > 0 && took > 2*c.usual+canaryMargin {
				saw = chaos.SeesSlow
			}
			c.note(saw)
		default:
			if saw == chaos.SeesNothing {
				if c.usual == 0 {
					close(c.ready)
				}
				c.usual = max(c.usual, took, 1)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(canaryEvery):
		}
	}
}

func (c *canary) note(s chaos.Sight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s != chaos.SeesNothing && !slices.Contains(c.saw, s) {
		c.saw = append(c.saw, s)
	}
}

func (c *canary) seen() []chaos.Sight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.saw)
}

// look sends a message and waits for its echo, on a new connection when there is none. It
// returns what it saw, and how long the echo took. A connection that was not answered is
// given up.
func (c *canary) look(ctx context.Context) (chaos.Sight, time.Duration) {
	came := time.Now()
	if c.conn == nil {
		if saw := c.connect(ctx); saw != chaos.SeesNothing {
			return saw, 0
		}
	}
	// The end of ctx ends the wait.
	conn := c.conn
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c.sent++
	text := fmt.Appendf(nil, "canary %d message %d", c.number, c.sent)
	began := time.Now()
	_ = c.conn.SetDeadline(began.Add(c.patience))
	saw := c.echoed(text)
	if saw != chaos.SeesNothing {
		c.conn.Close()
		c.conn = nil
	}
	if c.fresh {
		began = came
	}
	return saw, time.Since(began)
}

func (c *canary) connect(ctx context.Context) chaos.Sight {
	identity := http.Header{chaos.IdentityHeader: {strconv.FormatUint(c.number, 10) + "/" + strconv.Itoa(c.sent+1)}}
	d := c.access.dialer(c.target, identity)
	d.Timeout, d.NetDial = c.patience, c.dial
	conn, early, hs, err := d.Dial(ctx, c.url)
	if err != nil {
		return sightOfDial(err)
	}
	conn = answered(conn)
	if c.access.unchosen(hs, nil) != nil {
		conn.Close()
		return chaos.SeesProtocol
	}
	c.conn = conn
	if early != nil {
		// Nobody has asked for anything yet: what comes with the answer is a close frame.
		c.conn = readAhead{conn, io.MultiReader(early, conn)}
	}
	return chaos.SeesNothing
}

// readAhead is a connection of which something has been read already.
type readAhead struct {
	net.Conn
	from io.Reader
}

func (c readAhead) Read(b []byte) (int, error) { return c.from.Read(b) }

// canaryFrame is the most that an echo, or a control frame, can have.
const canaryFrame = 4 << 10

// echoes says whether the targets send back whatever they are sent.
func (r *run) echoes() bool {
	l := r.scenario.Load
	return l.Pattern == report.NoLoad || l.Pattern == report.Echo && l.Payload == ""
}

// echoed sends a message, or a ping, and reads until its echo.
func (c *canary) echoed(text []byte) chaos.Sight {
	frame := ws.NewTextFrame(text)
	if !c.echoes {
		frame = ws.NewPingFrame(text)
	}
	if err := ws.WriteFrame(c.conn, ws.MaskFrame(frame)); err != nil {
		return sightOf(err, true)
	}
	state, message := ws.StateClientSide, []byte(nil)
	for {
		h, err := ws.ReadHeader(c.conn)
		if err != nil {
			return sightOf(err, false)
		}
		if ws.CheckHeader(h, state) != nil || int64(len(message))+h.Length > canaryFrame {
			return chaos.SeesProtocol
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(c.conn, body); err != nil {
			return sightOf(err, false)
		}
		switch {
		case h.OpCode == ws.OpClose:
			return chaos.SeesCloseFrame
		case h.OpCode == ws.OpPong:
			if !c.echoes && bytes.Equal(body, text) {
				return chaos.SeesNothing
			}
		case h.OpCode == ws.OpPing:
			if err := ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewPongFrame(body))); err != nil {
				return sightOf(err, true)
			}
		case h.OpCode.IsData():
			message = append(message, body...)
			if !h.Fin {
				state = state.Set(ws.StateFragmented)
				continue
			}
			if bytes.Equal(message, text) {
				return chaos.SeesNothing
			}
			state, message = state.Clear(ws.StateFragmented), nil
		}
	}
}

// sightOf is what the error of an open connection tells.
func sightOf(err error, writing bool) chaos.Sight {
	cause, _ := wire.Cause(err, writing)
	var late net.Error
	var breach ws.ProtocolError
	switch {
	case cause == heal.Unknown && errors.As(err, &late) && late.Timeout():
		return chaos.SeesHalfOpen
	case errors.As(err, &breach):
		return chaos.SeesProtocol
	}
	return chaos.Sight(cause.String())
}

// sightOfDial is what the error of an attempt tells.
func sightOfDial(err error) chaos.Sight {
	var status ws.StatusError
	var name *net.DNSError
	var late net.Error
	switch {
	case errors.As(err, &status):
		return chaos.SeesStatus
	case errors.As(err, &name):
		return chaos.SeesDNS
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return chaos.SeesTimeout
	}
	if cause, _ := wire.Cause(err, false); cause != heal.Unknown {
		return chaos.Sight(cause.String())
	}
	return chaos.SeesProtocol // an answer that is none
}
