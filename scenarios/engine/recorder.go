package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

// lateLimit is the lateness beyond which a send counts as late (report.Load.LateOver).
const lateLimit = 100 * time.Millisecond

// recorder turns what the fleet and the load observe into the journal and the latency
// log. It is the one place that knows both vocabularies.
//
//	driver.Event ──▶ recorder ─┬▶ report.Step, one per healing decision
//	                         ├▶ report.Crowd, one per notice of clients that share
//	load ────────▶           ├▶ report.Load, one per second
//	                         └▶ latency.hlog, one line per second, phase and cohort
type recorder struct {
	journal   *report.Writer
	track     *live.Tracker
	schedule  schedule
	phases    []report.Planned
	cohorts   []string // by client: "control", or the faults that may touch it, as in "f0-f2"
	ledger    ledger
	now       func() heal.Instant
	endpoints []string    // names, by heal.Action.Endpoint
	unfitFor  sync.Map    // limits that were told
	stopped   atomic.Bool // the run is over; nothing more is observed

	dialect  dialect
	pattern  string
	redact   func(string) string
	unchosen sync.Map  // targets of which it was told
	hearing  []hearing // by client; nil where targets send nothing of their own accord

	clients []atomic.Uint64 // by client: generation of its connection<<8 | phase
	usable  atomic.Int64

	attempted atomic.Int64 // attempts to connect so far

	counts []counters // by phase
	shards []latencyShard

	mu       sync.Mutex // protects the interval's lateness
	late     *hdrhistogram.Histogram
	lateOver int64
	onUsable atomic.Int64

	imu    sync.Mutex // protects following: where the last interval ended
	before map[string]report.LoadCount
	from   int64

	hmu   sync.Mutex // protects the latency log
	hlog  *report.HlogWriter
	total *report.Latency
}

type counters struct{ intended, sent, acked, resent, dup, dropped, waited, reordered, pushed atomic.Int64 }

type latencyShard struct {
	mu     sync.Mutex
	hist   *report.Latency
	newest map[int]uint64 // by client: the latest of its messages that was answered
}

// observe is the fleet's observer.
func (r *recorder) observe(ev driver.Event) {
	if r.stopped.Load() {
		return // the run is over: closing the fleet is no loss
	}
	switch ev.Kind {
	case driver.Stepped:
		r.step(ev)
	case driver.Sent:
		r.sent(ev)
	case driver.Received:
		r.received(ev)
	case driver.Dropped:
		r.dropped(ev.Seq)
	case driver.Noticed:
		r.noticed(ev.At, ev.Report)
	}
}

func (r *recorder) step(ev driver.Event) {
	r.phased(ev.Client, ev.State.Live, ev.From, ev.State.Phase)
	switch {
	case errors.Is(ev.Err, syscall.EMFILE):
		r.unfit("descriptors", "the engine ran out of descriptors: "+ev.Err.Error())
	case errors.Is(ev.Err, syscall.EADDRNOTAVAIL):
		r.unfit("ports", "the engine ran out of local ports: "+ev.Err.Error())
	}
	if ev.Err != nil {
		r.refusedSubprotocol(ev)
	}
	rec := StepRecord(ev)
	if attempts(ev) {
		r.attempted.Add(1)
		r.track.AddAttempts(1)
	}
	r.write(report.Record{T: int64(ev.At), Step: &rec})
}

// phased notes that a client is in another phase, with the generation of its connection.
func (r *recorder) phased(client int, gen uint32, from, to heal.Phase) {
	was, is := from.Usable(), to.Usable()
	r.clients[client].Store(uint64(gen)<<8 | uint64(to))
	switch {
	case is && !was:
		r.usable.Add(1)
		r.track.AddUsable(1)
	case was && !is:
		r.usable.Add(-1)
		r.track.AddUsable(-1)
	}
}

// attempts tells whether a step begins an attempt to connect. The dial of a planned move
// is none until the old connection is lost: then it is what the client comes back by.
func attempts(ev driver.Event) bool {
	if ev.State.Phase.Usable() {
		return false
	}
	for _, a := range ev.Actions.All() {
		if a.Kind == heal.Dial {
			return true
		}
	}
	return ev.From.Usable() && (ev.State.Phase == heal.Dialing || ev.State.Phase == heal.Proving)
}

// unfit says that the harness could not do its work, once for each limit.
func (r *recorder) unfit(limit, why string) {
	if _, told := r.unfitFor.LoadOrStore(limit, true); !told {
		now := r.now()
		why = r.redact(why)
		r.write(report.Record{T: int64(now), Unfit: &report.Unfit{Limit: limit, Why: why}})
		r.track.SetHealth(live.Unfit, time.Duration(now), why)
	}
}

// due notes that message n is due now for its client.
func (r *recorder) due(n uint64, client int) {
	c := &r.counts[r.phaseOf(n)]
	c.intended.Add(1)
	now := r.clients[client].Load()
	if heal.Phase(now & 0xff).Usable() {
		r.onUsable.Add(1)
		r.ledger.due(n, uint32(now>>8))
		return
	}
	c.waited.Add(1)
	r.ledger.due(n, 0)
}

func (r *recorder) sent(ev driver.Event) {
	c := &r.counts[r.phaseOf(ev.Seq)]
	if ev.Again {
		c.resent.Add(1)
		return
	}
	c.sent.Add(1)
	// Late counts only where nothing but the harness stood in the way: the client was
	// usable when the message was due, and it went out on that same connection.
	gen, answered := r.ledger.sent(ev.Seq, int64(ev.At))
	if answered > 0 { // the reader was faster than we are
		r.served(ev.Seq, answered-int64(ev.At))
	}
	if r.settled() {
		r.ledger.giveUp(ev.Seq)
	}
	if gen != 0 && gen == ev.Gen {
		late := int64(ev.At - r.schedule.due(ev.Seq))
		r.mu.Lock()
		record(r.late, late)
		if late > int64(lateLimit) {
			r.lateOver++
		}
		r.mu.Unlock()
	}
}

// answers reads which message of a client's a payload answers. What another client asked, as
// where a server mixes its sessions up or tells everybody, is no answer to this one.
func (r *recorder) answers(client int, payload []byte) (n uint64, ok bool) {
	n, ok = r.dialect.read(payload)
	return n, ok && n < r.schedule.total() && r.schedule.client(n) == client
}

func (r *recorder) received(ev driver.Event) {
	n, ok := r.answers(ev.Client, ev.Payload)
	if !ok || ev.At < r.schedule.due(n) { // what nobody has asked yet has no answer either
		r.pushed(ev)
		return
	}
	phase := r.phaseOf(n)
	c := &r.counts[phase]
	a := r.ledger.answer(n, int64(ev.At))
	if !a.first {
		c.dup.Add(1)
		return
	}
	c.acked.Add(1)
	if a.after { // given up in doubt: the doubt is resolved
		c.dropped.Add(-1)
	}
	r.track.AddAnswers(1)
	client := r.schedule.client(n)
	cohort := r.cohorts[client]
	sh := &r.shards[client%len(r.shards)]
	sh.mu.Lock()
	if n < sh.newest[client] {
		c.reordered.Add(1)
	} else {
		if sh.newest == nil {
			sh.newest = map[int]uint64{}
		}
		sh.newest[client] = n
	}
	sh.hist.Record("response", r.phases[phase].Name, cohort, int64(ev.At-r.schedule.due(n)))
	if a.sent > 0 {
		sh.hist.Record("service", r.phases[phase].Name, cohort, int64(ev.At)-a.sent)
	}
	sh.mu.Unlock()
}

// served notes the service time of a message whose answer overtook the note of its sending.
// The kernel had taken it before that was noted, so the time may come out as below 0, which
// is recorded as 0.
func (r *recorder) served(n uint64, ns int64) {
	client := r.schedule.client(n)
	sh := &r.shards[client%len(r.shards)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.hist.Record("service", r.phases[r.phaseOf(n)].Name, r.cohorts[client], ns)
}

// dropped notes that message n was given up.
func (r *recorder) dropped(n uint64) {
	if r.ledger.giveUp(n) {
		r.counts[r.phaseOf(n)].dropped.Add(1)
	}
}

// outstanding is how many messages of those due have neither been answered nor dropped; where
// nothing is answered, nor sent.
func (r *recorder) outstanding() int64 {
	var n int64
	for i := range r.counts {
		c := &r.counts[i]
		if n += c.intended.Load() - c.dropped.Load(); r.settled() {
			n -= c.sent.Load()
		} else {
			n -= c.acked.Load()
		}
	}
	return n
}

// unanswered is how many messages due in a phase have not been answered, but should be.
func (r *recorder) unanswered(phase int) int64 {
	if r.settled() {
		return 0
	}
	c := &r.counts[phase]
	return max(0, c.intended.Load()-c.acked.Load())
}

// interval writes the load and the latencies since the last call. Besides once a second
// it is called at the edges of each fault, so that no interval lies across one.
func (r *recorder) interval(now int64) error {
	r.imu.Lock()
	defer r.imu.Unlock()
	now = max(now, r.from) // whoever read the clock first may come second
	load := report.Load{From: r.from, Phases: map[string]report.LoadCount{}, Ordered: true}
	for i := range r.counts {
		c, name := &r.counts[i], r.phases[i].Name
		sum := report.LoadCount{
			Intended: c.intended.Load(), Sent: c.sent.Load(), Acked: c.acked.Load(), Resent: c.resent.Load(),
			Dup: c.dup.Load(), Dropped: c.dropped.Load(), Waited: c.waited.Load(), Reordered: c.reordered.Load(),
			Pushed: c.pushed.Load(),
		}
		if d := since(sum, r.before[name]); d != (report.LoadCount{}) {
			load.Phases[name] = d
		}
		r.before[name] = sum
	}
	load.OnUsable = r.onUsable.Swap(0)
	r.mu.Lock()
	if r.late.TotalCount() > 0 {
		load.LateP99, load.LateMax, load.LateOver = r.late.ValueAtQuantile(99), r.late.Max(), r.lateOver
		r.late.Reset()
		r.lateOver = 0
	}
	r.mu.Unlock()
	r.write(report.Record{T: now, Load: &load})
	from := r.from
	r.from = now
	r.hmu.Lock()
	defer r.hmu.Unlock()
	r.gather()
	return r.total.Flush(r.hlog, from, now)
}

// response tells quantiles of the response times so far of the messages due in a phase, ns;
// -1 when so many are still unanswered that it falls among them.
func (r *recorder) response(phase int) func(q float64) (ns int64, ok bool) {
	r.hmu.Lock()
	defer r.hmu.Unlock()
	r.gather()
	return r.total.Quantiles("response", r.phases[phase].Name, r.unanswered(phase))
}

// answered is a quantile of the response times so far of the messages due in a phase that
// were answered, and how many they are.
func (r *recorder) answered(phase, quantile string) (seconds float64, n int64) {
	for i := range r.phases {
		if r.phases[i].Name != phase {
			continue
		}
		r.hmu.Lock()
		defer r.hmu.Unlock()
		r.gather()
		ns, _ := r.total.Quantiles("response", phase, 0)(quantiles[quantile])
		return float64(ns) / 1e9, r.counts[i].acked.Load()
	}
	return 0, 0
}

func (r *recorder) gather() {
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		sh.hist.Drain(r.total)
		sh.mu.Unlock()
	}
}

func since(a, b report.LoadCount) report.LoadCount {
	return report.LoadCount{
		Intended: a.Intended - b.Intended, Sent: a.Sent - b.Sent, Acked: a.Acked - b.Acked, Resent: a.Resent - b.Resent,
		Dup: a.Dup - b.Dup, Dropped: a.Dropped - b.Dropped, Waited: a.Waited - b.Waited, Reordered: a.Reordered - b.Reordered,
		Pushed: a.Pushed - b.Pushed,
	}
}

// write adds to the journal. An error stays with the writer and comes back from Flush,
// which the run checks at its end.
func (r *recorder) write(rec report.Record) { _ = r.journal.Write(rec) }
