package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/report"
)

// hearing is what a client has heard of a target that sends of its own accord.
type hearing struct {
	last    int64 // when a message came; 0: none has
	n       int64 // messages since what is measured began
	silence int64 // the longest wait for one since then, ns
}

// pushed notes a message that answers none of ours.
func (r *recorder) pushed(ev driver.Event) {
	at := int64(ev.At)
	phase := r.phaseAt(at)
	r.counts[phase].pushed.Add(1)
	if r.hearing == nil || at >= r.phases[len(r.phases)-1].To {
		return
	}
	r.track.AddAnswers(1)
	sh := &r.shards[ev.Client%len(r.shards)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	h := &r.hearing[ev.Client]
	if h.last > 0 {
		sh.hist.Record("gap", r.phases[phase].Name, r.cohorts[ev.Client], at-h.last)
	}
	if from := r.measuredFrom(); at >= from {
		h.silence = max(h.silence, at-max(h.last, from))
		h.n++
	}
	h.last = max(h.last, at)
}

// measuredFrom is when what is measured begins: with the first phase that is no warmup.
func (r *recorder) measuredFrom() int64 {
	for _, p := range r.phases {
		if p.Name != "warmup" {
			return p.From
		}
	}
	return r.phases[len(r.phases)-1].To
}

// heard is what each client heard until now; nil where targets send nothing of their own
// accord. What a client waits for at the end counts.
func (r *recorder) heard(now int64) *report.Pushed {
	from, end := r.measuredFrom(), min(now, r.phases[len(r.phases)-1].To)
	if r.hearing == nil || end <= from {
		return nil
	}
	out := &report.Pushed{}
	clients := map[int64]int64{} // by number of messages
	for client := range r.hearing {
		sh := &r.shards[client%len(r.shards)]
		sh.mu.Lock()
		h := r.hearing[client]
		sh.mu.Unlock()
		out.Silence = max(out.Silence, h.silence, end-max(h.last, from))
		clients[report.Rounded(h.n)]++
	}
	for _, n := range slices.Sorted(maps.Keys(clients)) {
		out.Tally = append(out.Tally, report.Tally{Messages: n, Clients: clients[n]})
	}
	return out
}

// phaseAt is the index of the phase that a moment is in.
func (r *recorder) phaseAt(t int64) int {
	for i := range r.phases {
		if t < r.phases[i].To {
			return i
		}
	}
	return len(r.phases) - 1
}

// greet says what is to be said on each new connection, a subscription for one. It proves
// nothing: the target may answer it or not.
func (d dialect) greet(ctx context.Context, x driver.Exchange) error {
	if !x.First() {
		return nil
	}
	if err := x.Send(ctx, driver.Message{Payload: d.hello(x.Client()), Text: d.text}); err != nil {
		return err
	}
	return driver.ErrNoProof
}

// phaseOf is the index of the phase in which message n is due.
func (r *recorder) phaseOf(n uint64) int { return r.phaseAt(int64(r.schedule.due(n))) }

// settled says whether nothing more is expected of a message that was sent: where nothing is
// answered.
func (r *recorder) settled() bool { return r.pattern == report.Silent || r.pattern == report.Push }
