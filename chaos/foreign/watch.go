package foreign

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// watch is what the canaries of one fault saw.
type watch struct {
	expect expected
	birds  []*canary
	burst  int // pings sent at once
	usual  time.Duration

	from, until time.Time // in force; until zero: still
	ended       chan struct{}
	stop        context.CancelFunc
	over        chan struct{} // they have seen the last and are closed
}

// newWatch opens the canaries, and sees how soon they are answered usually.
func newWatch(ctx context.Context, addr, target string, expect expected) (*watch, error) {
	w := &watch{expect: expect, burst: 1, ended: make(chan struct{}), over: make(chan struct{})}
	if expect.rate > 0 {
		w.burst = max(2, int(burstLength.Seconds()*float64(expect.rate))/onWire)
	}
	if expect.bytes > 0 { // which are reached in a few turns
		w.burst = 1 + int(expect.bytes)/onWire/4
	}
	for n := range canaries {
		c, err := dialCanary(ctx, addr, target, n)
		if err != nil {
			w.closeAll()
			return nil, err
		}
		w.birds = append(w.birds, c)
		last, err := c.ping(w.burst)
		if err == nil {
			err = c.await(ctx, last)
		}
		if err != nil {
			w.closeAll()
			return nil, fmt.Errorf("canary: a ping was not answered: %w", err)
		}
		took := c.pings[last].got.Sub(c.pings[last].sent)
		if n == 0 || took < w.usual {
			w.usual = took
		}
	}
	if expect.leaves {
		if err := w.seeLeaving(ctx, addr, target); err != nil {
			w.closeAll()
			return nil, err
		}
	}
	return w, nil
}

// seeLeaving sees how soon the other end comes usually, by one that leaves before the fault.
func (w *watch) seeLeaving(ctx context.Context, addr, target string) error {
	c, err := dialCanary(ctx, addr, target, canaries)
	if err != nil {
		return err
	}
	defer c.close()
	c.leave()
	select {
	case <-c.over:
	case <-ctx.Done():
	}
	took, ended := c.lasted(time.Now().Add(time.Hour))
	if !ended {
		return fmt.Errorf("canary: the end of its connection did not come: %w", ctx.Err())
	}
	w.usual = took
	return nil
}

// begin lets the canaries send for as long as the fault is in force, which begins now.
func (w *watch) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop, w.from = cancel, time.Now()
	if w.expect.leaves { // before any client that comes to know of the fault
		for _, c := range w.birds {
			c.leave()
		}
	}
	var all sync.WaitGroup
	for _, c := range w.birds {
		all.Go(func() { w.fly(ctx, c) })
	}
	go func() {
		all.Wait()
		w.closeAll()
		close(w.over)
	}()
}

// fly sends pings until it is told that the fault ends, and waits then for answers.
func (w *watch) fly(ctx context.Context, c *canary) {
	if w.expect.leaves {
		<-w.ended // it has left, and hears nothing more
		return
	}
	for ctx.Err() == nil {
		if c.outstanding() < max(mostOut, w.burst) {
			if last, err := c.ping(w.burst); err != nil || w.burst > 1 && c.await(ctx, last) != nil {
				break
			}
		}
		pause := interval
		if w.expect.bytes > 0 {
			pause = 0 // they are to be spent soon
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	<-w.ended
	wait, cancel := context.WithTimeout(context.Background(), afterglow)
	defer cancel()
	pings, _ := c.log(w.until)
	_ = c.await(wait, len(pings)-1)
}

// end notes that the fault ends: what is answered from now on is not its doing.
func (w *watch) end() {
	if w.until.IsZero() {
		w.until = time.Now()
		w.stop()
	}
}

// cleared tells that it has ended.
func (w *watch) cleared() {
	select {
	case <-w.ended:
	default:
		close(w.ended)
	}
}

func (w *watch) closeAll() {
	for _, c := range w.birds {
		c.close()
	}
}

// saw counts what the canaries saw.
func (w *watch) saw(e *chaos.Evidence) error {
	until := w.until
	if until.IsZero() {
		until = time.Now()
	}
	for _, c := range w.birds {
		e.Targeted++
		pings, failed := c.log(until)
		hit := false
		switch {
		case w.expect.silent:
			hit = w.sawSilence(e, pings, until)
		case w.expect.leaves:
			hit, failed = w.sawLateEnd(e, c, until), nil
		case w.expect.bytes > 0:
			hit, failed = w.sawEnd(e, pings, failed), nil
		case w.expect.rate > 0:
			hit = w.sawRate(e, pings, until)
		default:
			hit = w.sawDelay(e, pings, until)
		}
		if hit {
			e.Hit++
		}
		if failed != nil {
			return errors.New("a canary's connection ended: " + failed.Error())
		}
	}
	return nil
}

// sawSilence says whether nothing was answered while the fault was in force, and what was
// sent then came when it had ended. What is answered all the same has crossed.
func (w *watch) sawSilence(e *chaos.Evidence, pings []ping, until time.Time) bool {
	held, delivered := false, false
	for _, p := range pings {
		switch {
		case p.sent.Before(w.from) || p.sent.After(until):
		case !p.got.IsZero() && p.got.Before(until):
			e.Leaked += onWire
		case until.Sub(p.sent) >= max(silence, 3*w.usual):
			held, delivered = true, delivered || !p.got.IsZero()
			e.HeldChunks++
			e.HeldBytes += onWire
		}
	}
	return held && (delivered || w.until.IsZero())
}

// sawEnd says whether the connection ended while the fault was in force, and no more was
// answered on it than the limit lets through.
func (w *watch) sawEnd(e *chaos.Evidence, pings []ping, failed error) bool {
	if failed == nil {
		return false
	}
	e.Counts["ended"]++
	answered := int64(0)
	for _, p := range pings {
		if !p.sent.Before(w.from) && !p.got.IsZero() {
			answered += onWire - 4 // answers are not masked
		}
	}
	return answered <= w.expect.bytes
}

// sawLateEnd says whether the end was late by what it must be, as it was not before.
func (w *watch) sawLateEnd(e *chaos.Evidence, c *canary, until time.Time) bool {
	least := w.expect.least - time.Millisecond // Toxiproxy counts by timers of the same
	took, _ := c.lasted(until)
	if took < least || w.usual >= least {
		return false
	}
	e.Delayed++
	e.DelayNS += int64(took - w.usual)
	return true
}

// sawDelay says whether every answer was late by what it must be.
func (w *watch) sawDelay(e *chaos.Evidence, pings []ping, until time.Time) bool {
	// Toxiproxy counts from when it read, whole ms and by timers of the same.
	least := w.expect.least - time.Millisecond
	late, soon := false, w.usual >= least
	for _, p := range pings {
		if p.sent.Before(w.from) || p.sent.After(until) {
			continue
		}
		took := until.Sub(p.sent)
		if !p.got.IsZero() && p.got.Before(until) {
			took = p.got.Sub(p.sent)
			soon = soon || took < least
		}
		if took >= least {
			late = true
			if w.expect.pieces > 0 {
				e.Counts["sliced"]++
				e.Counts["pieces"] += w.expect.pieces
			}
			e.Delayed++
			e.DelayNS += int64(took - w.usual)
		}
	}
	return late && !soon
}

// sawRate says whether what is sent at once took as long as its bytes need, had not before,
// and no more was answered in all than the rate lets through. A single answer may be early:
// Toxiproxy makes good what its timers were late before.
func (w *watch) sawRate(e *chaos.Evidence, pings []ping, until time.Time) bool {
	size := onWire
	if !w.expect.up { // answers are not masked
		size -= 4
	}
	bytesIn := func(d time.Duration) float64 { return d.Seconds() * float64(w.expect.rate) }
	burst := float64(w.burst * size)
	slow := func(took time.Duration) bool { return bytesIn(took) >= 0.9*burst }
	late, answered, last := false, 0.0, w.from
	for i := 2*w.burst - 1; i < len(pings); i += w.burst {
		p := pings[i]
		if p.sent.Before(w.from) || p.sent.After(until) {
			continue
		}
		took := until.Sub(p.sent)
		if !p.got.IsZero() && p.got.Before(until) {
			took, last = p.got.Sub(p.sent), p.got
			answered += burst
		}
		if slow(took) {
			late = true
			e.Counts["paced"]++
		}
	}
	return late && !slow(w.usual) && answered <= 1.1*bytesIn(last.Sub(w.from))+burst
}
