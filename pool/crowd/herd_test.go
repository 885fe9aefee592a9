package crowd

import (
	"container/heap"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/pool/heal"
)

// herd loses its clients at once and lets them come back to one server, in virtual time:
// workers that take a fixed time per handshake, an accept queue, and clients that give up
// after a timeout and come back after a backoff. The model and its law are those of
// metastable reconnects: with work done for clients that have left, recovery is lost
// where N/mu > 2·timeout + mean backoff (Bronson et al., Metastable Failures in
// Distributed Systems, HotOS 2021, for the kind of failure).
type herd struct {
	clients int
	workers int
	cost    time.Duration // of a handshake
	queue   int           // handshakes that may wait
	refuses bool          // what finds the queue full is answered 503; else it hangs
	stale   bool          // work is done for clients that have left
	down    time.Duration // nothing is accepted for so long
	timeout time.Duration
	crowded bool // with a crowd; else everybody dials when its backoff says so
}

func (h herd) floor() time.Duration {
	return h.cost * time.Duration(h.clients) / time.Duration(h.workers)
}

// healed is what came of it.
type healed struct {
	t100     time.Duration // all connected, from when the server was up
	attempts int
	most     int // in flight
	back     int
}

type job struct {
	at      heal.Instant
	seq     int
	kind    int
	client  int
	attempt int
}

const (
	due     = iota // the client's backoff is over
	served         // a worker is done
	patient        // the client's patience is over
	steady         // the connection is stable
	ticked
)

type jobs []job

func (j jobs) Len() int { return len(j) }
func (j jobs) Less(a, b int) bool {
	return j[a].at < j[b].at || j[a].at == j[b].at && j[a].seq < j[b].seq
}
func (j jobs) Swap(a, b int) { j[a], j[b] = j[b], j[a] }
func (j *jobs) Push(x any)   { *j = append(*j, x.(job)) }
func (j *jobs) Pop() any {
	last := (*j)[len(*j)-1]
	*j = (*j)[:len(*j)-1]
	return last
}

type herding struct {
	herd
	c       *Crowd
	now     heal.Instant
	jobs    jobs
	seq     int
	out     []Action
	armed   heal.Instant
	waiting []job // at the server
	idle    int   // workers
	attempt []int
	began   []heal.Instant
	dialing []bool
	up      []bool
	flight  int
	healed
}

func (h herd) run(limit time.Duration) healed {
	w := &herding{
		herd: h, c: New(Policy{}, heal.Rand{Seed: 3}), idle: h.workers,
		attempt: make([]int, h.clients), began: make([]heal.Instant, h.clients), dialing: make([]bool, h.clients), up: make([]bool, h.clients),
	}
	w.out, _ = w.c.SetEndpoints(0, named("a"), nil)
	w.act()
	for client := range h.clients { // they were connected
		w.step(Event{Kind: Opened, Client: client, Took: w.cost})
	}
	w.now = heal.Instant(time.Hour)
	for client := range h.clients {
		w.later(w.backoff(client), job{kind: due, client: client})
		w.step(Event{Kind: Lost, Client: client, Cause: heal.Reset})
	}
	zero := w.now
	for len(w.jobs) > 0 && w.back < h.clients && w.now.Sub(zero) < limit {
		j := heap.Pop(&w.jobs).(job)
		w.now = max(w.now, j.at)
		w.do(j, w.now.Sub(zero) < h.down)
	}
	w.t100 = w.now.Sub(zero) - h.down
	return w.healed
}

func (w *herding) later(d time.Duration, j job) {
	w.seq++
	j.at, j.seq = w.now.Add(d), w.seq
	heap.Push(&w.jobs, j)
}

// backoff is U(0, 5 s) at first and U(c/2, c) with c up to 30 s later.
func (w *herding) backoff(client int) time.Duration {
	n := w.attempt[client]
	r := heal.Rand{Seed: 4, Client: uint64(client)}
	if n == 0 {
		return r.Between(heal.DrawFirst, 0, 0, 5*time.Second)
	}
	c := min(time.Second<<min(n, 10), 30*time.Second)
	return r.Between(heal.DrawBackoff, uint64(n), c/2, c)
}

func (w *herding) do(j job, down bool) {
	stale := j.attempt != w.attempt[j.client] || !w.dialing[j.client]
	switch j.kind {
	case due:
		if w.crowded {
			w.step(Event{Kind: Asked, Client: j.client, Avoid: -1})
		} else {
			w.dial(j.client, down)
		}
	case ticked:
		if j.at == w.armed {
			w.armed = never
			w.step(Event{Kind: Ticked})
		}
	case patient:
		if !stale {
			w.failed(j.client, Event{Cause: heal.Timeout})
		}
	case served:
		w.idle++
		if !stale {
			w.opened(j.client)
		}
		w.serve()
	case steady:
		w.step(Event{Kind: Stable, Client: j.client})
	}
}

// act does what the crowd orders. What a Scatter changes is left out: here everybody
// draws alike anyway.
func (w *herding) act() {
	acts := append([]Action(nil), w.out...)
	for _, a := range acts {
		switch a.Kind {
		case Admit:
			w.dial(a.Client, w.now.Sub(heal.Instant(time.Hour)) < w.down)
		case Arm:
			w.armed = a.At
			w.later(a.At.Sub(w.now), job{kind: ticked})
		}
	}
}

func (w *herding) step(ev Event) {
	w.out = w.c.Step(w.now, ev, w.out[:0])
	w.act()
}

func (w *herding) dial(client int, down bool) {
	w.attempt[client]++
	w.attempts++
	w.began[client], w.dialing[client] = w.now, true
	w.flight++
	w.most = max(w.most, w.flight)
	if down {
		w.failed(client, Event{Cause: heal.Refused})
		return
	}
	j := job{client: client, attempt: w.attempt[client]}
	if len(w.waiting) >= w.queue {
		if w.refuses {
			w.failed(client, Event{Cause: heal.Status, Code: 503})
			return
		}
	} else {
		w.waiting = append(w.waiting, j)
	}
	j.kind = patient
	w.later(w.timeout, j)
	w.serve()
}

func (w *herding) serve() {
	for w.idle > 0 && len(w.waiting) > 0 {
		j := w.waiting[0]
		w.waiting = w.waiting[1:]
		if !w.stale && (j.attempt != w.attempt[j.client] || !w.dialing[j.client]) {
			continue
		}
		w.idle--
		j.kind = served
		w.later(w.cost, j)
	}
}

func (w *herding) failed(client int, ev Event) {
	w.dialing[client] = false
	w.flight--
	w.later(w.backoff(client), job{kind: due, client: client})
	ev.Kind, ev.Client = Failed, client
	if w.crowded {
		w.step(ev)
	}
}

func (w *herding) opened(client int) {
	w.dialing[client], w.up[client] = false, true
	w.flight--
	w.back++
	if w.crowded {
		w.step(Event{Kind: Opened, Client: client, Took: w.now.Sub(w.began[client])})
		w.step(Event{Kind: Proved, Client: client})
		w.later(5*time.Second, job{kind: steady, client: client})
	}
}

// What 10,000 clients that are lost at once need is 20 s, for the server takes 500
// handshakes a second. With a crowd they take hardly longer, whatever the server does
// with more than that, however long it was away, and with hardly more than one attempt
// each after it is back.
func TestHerd(t *testing.T) {
	for name, change := range map[string]func(h *herd){
		"eager queue":              func(*herd) {},
		"eager queue, 20 ms blip":  func(h *herd) { h.down = 20 * time.Millisecond },
		"eager queue, 1 s down":    func(h *herd) { h.down = time.Second },
		"eager queue, 60 s down":   func(h *herd) { h.down = time.Minute },
		"eager queue, 10 min down": func(h *herd) { h.down = 10 * time.Minute },
		"discards stale work":      func(h *herd) { h.stale = false },
		"short queue, refuses":     func(h *herd) { h.queue, h.refuses = 16, true },
		"short queue, hangs":       func(h *herd) { h.queue = 16 },
		"no queue, refuses":        func(h *herd) { h.queue, h.refuses = 1, true },
		"many slow workers":        func(h *herd) { h.workers, h.cost = 50, 100*time.Millisecond },
		"very slow handshakes":     func(h *herd) { h.clients, h.workers, h.cost = 2000, 50, 500*time.Millisecond },
		"twice as many":            func(h *herd) { h.clients = 20_000 },
	} {
		t.Run(name, func(t *testing.T) {
			h := collapsing
			h.clients, h.crowded = 10_000, true
			change(&h)
			got := h.run(30 * time.Minute)
			t.Logf("possible in %v: all back after %v, %d attempts, at most %d in flight", h.floor(), got.t100, got.attempts, got.most)
			assert.Equal(t, h.clients, got.back)
			assert.LessOrEqual(t, got.most, 64, "in flight")
			within := h.floor() * 3 / 2
			if h.down > 0 {
				within += 10 * time.Second // the floor's
			}
			assert.LessOrEqual(t, got.t100, within)
			attempts := h.clients * 5 / 4
			if h.down > time.Second {
				attempts += h.clients // each of them tried once while it was away
			}
			assert.LessOrEqual(t, got.attempts, attempts)
		})
	}
}

// collapsing is a server with a herd beyond 2·timeout + mean backoff: 40 s of work,
// against 10 s + 22.5 s.
var collapsing = herd{clients: 20_000, workers: 5, cost: 10 * time.Millisecond, queue: 1 << 20, stale: true, timeout: 5 * time.Second}

// The same herd without a crowd is not back after 8 minutes, although nothing is broken: the
// server works off handshakes of clients that have left. So TestHerd can fail.
func TestHerdCollapsesAlone(t *testing.T) {
	got := collapsing.run(8 * time.Minute)
	assert.Less(t, got.back, 18_000)
	assert.Greater(t, got.most, 1000)
}
