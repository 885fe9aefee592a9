package driver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// share makes the clients one pool with endpoints at b and c besides a.
func share(o *Options) {
	o.Shared = &Shared{ResolveEvery: -1}
	o.Endpoints = []Endpoint{
		{Name: "a", URL: "ws://a:80/chat"}, {Name: "b", URL: "ws://b:80/chat"}, {Name: "c", URL: "ws://c:80/chat"},
	}
}

// spread counts connections by endpoint, as the crowd does.
func (w *world) spread() map[string]int {
	counts := map[string]int{}
	for _, e := range w.fleet.Snapshot().Crowd.Endpoints {
		counts[e.Key] = e.Connections
	}
	return counts
}

// starts starts all clients there are at first, and gives them time.
func (w *world) starts(within time.Duration) {
	for i := range w.opt.Clients {
		w.fleet.Start(i)
	}
	time.Sleep(within)
	synctest.Wait()
	require.Equal(w, w.opt.Clients, w.fleet.Snapshot().Usable())
}

func TestSharedClientsAskFirst(t *testing.T) {
	inWorld(t, func(o *Options) { share(o); o.Clients = 30 }, func(w *world) {
		w.listen("b:80")
		w.listen("c:80")
		w.starts(time.Minute)
		total := 0
		for key, n := range w.spread() {
			total += n
			assert.InDelta(w, 10, n, 5, key)
		}
		assert.Equal(w, 30, total)
		assert.Len(w, w.log.steps(heal.Admitted), 30)
		assert.Zero(w, w.fleet.Snapshot().Crowd.Asking)
		assert.Zero(w, w.fleet.Snapshot().Crowd.Dialing)
		healthy := 0
		for _, ev := range w.log.of(Noticed) {
			assert.Equal(w, -1, ev.Client)
			assert.Equal(w, crowd.Report, ev.Report.Kind)
			if ev.Report.Health == crowd.Healthy {
				healthy++
				assert.Contains(w, []string{"a", "b", "c"}, ev.Endpoint)
			}
		}
		assert.Equal(w, 3, healthy)
	})
}

// TestSharedClientsLeaveADeadEndpoint to itself: it is ejected, and everybody goes
// elsewhere, without asking it again and again.
func TestSharedClientsLeaveADeadEndpoint(t *testing.T) {
	inWorld(t, func(o *Options) { share(o); o.Clients = 30 }, func(w *world) {
		b := w.listen("b:80")
		w.listen("c:80")
		w.starts(time.Minute)
		b.stop()
		time.Sleep(time.Minute)
		assert.Equal(w, 30, w.fleet.Snapshot().Usable())
		assert.Zero(w, w.spread()["b"])
		assert.NotEqual(w, crowd.Healthy, w.fleet.Snapshot().Crowd.Endpoints[1].Health)
		refused := 0
		for _, ev := range w.log.steps(heal.Failed) {
			if ev.Step.Cause == heal.Refused {
				refused++
			}
		}
		assert.Less(w, refused, 20)
	})
}

// TestSharedStormIsSpread: all are lost at once, and come back over time.
func TestSharedStormIsSpread(t *testing.T) {
	inWorld(t, func(o *Options) { share(o); o.Clients = 40; o.Policy.First = heal.First{Rule: heal.AtOnce} }, func(w *world) {
		w.listen("b:80")
		w.listen("c:80")
		w.starts(time.Minute)
		for _, server := range append(w.others, w.server) {
			for _, c := range server.conns() {
				c.mem().Reset()
			}
		}
		synctest.Wait()
		assert.True(w, w.fleet.Snapshot().Crowd.Storm)
		time.Sleep(time.Minute)
		assert.Equal(w, 40, w.fleet.Snapshot().Usable())
		assert.False(w, w.fleet.Snapshot().Crowd.Storm)
		assert.NotEmpty(w, w.log.steps(heal.Scatter))
	})
}

// TestAloneNothingLeaksBetweenClients: what happens to the others changes nothing of what
// a client that is alone does, and when.
func TestAloneNothingLeaksBetweenClients(t *testing.T) {
	life := func(clients int) (steps []Event) {
		inWorld(t, func(o *Options) { o.Clients = clients }, func(w *world) {
			w.net.Latency = time.Millisecond
			w.starts(15 * time.Second)
			for _, c := range w.server.conns() {
				c.mem().Reset()
			}
			time.Sleep(time.Minute)
			for _, ev := range w.log.of(Stepped) {
				if ev.Client == 0 {
					ev.Err = nil // names its port
					steps = append(steps, ev)
				}
			}
			assert.Empty(w, w.log.of(Noticed))
			assert.Empty(w, w.log.steps(heal.Scatter))
			assert.Empty(w, w.log.steps(heal.Admitted))
			assert.Zero(w, w.fleet.Snapshot().Crowd)
			assert.Error(w, w.fleet.SetEndpoints(w.opt.Endpoints))
		})
		return steps
	}
	assert.Equal(t, life(1), life(50))
}

func TestSetEndpointsMovesClientsAway(t *testing.T) {
	inWorld(t, func(o *Options) { share(o); o.Clients = 20; o.Shared.Policy.RebalanceRate = 0.1 }, func(w *world) {
		w.listen("b:80")
		w.listen("c:80")
		w.starts(time.Minute)
		require.Positive(w, w.spread()["c"])
		require.Error(w, w.fleet.SetEndpoints(nil))
		require.Error(w, w.fleet.SetEndpoints([]Endpoint{{URL: "http://a"}}))
		twice := []Endpoint{w.opt.Endpoints[0], w.opt.Endpoints[0]}
		require.Error(w, w.fleet.SetEndpoints(twice))
		d := w.listen("d:80")
		list := []Endpoint{w.opt.Endpoints[0], w.opt.Endpoints[1], {Name: "d", URL: "ws://d:80/chat"}}
		require.NoError(w, w.fleet.SetEndpoints(list))
		time.Sleep(5 * time.Minute)
		assert.Zero(w, w.spread()["c"])
		assert.Positive(w, w.spread()["d"])
		assert.NotEmpty(w, d.conns())
		assert.Equal(w, 20, w.fleet.Snapshot().Usable())
		usable := map[int]bool{}
		for _, ev := range w.log.of(Stepped) {
			if usable[ev.Client] {
				require.True(w, ev.State.Phase.Usable(), "the replacement comes first")
			}
			usable[ev.Client] = ev.State.Phase.Usable()
		}
	})
}

// TestAnAdmissionThatNobodyWantsIsHandedBack at once, and not when its lease is over.
func TestAnAdmissionThatNobodyWantsIsHandedBack(t *testing.T) {
	inWorld(t, share, func(w *world) {
		w.fleet.crowd.tell(crowd.Event{Kind: crowd.Asked, Client: 0, Avoid: -1})
		require.Equal(w, 1, w.fleet.Snapshot().Crowd.Dialing, "admitted, although the client is idle")
		synctest.Wait()
		assert.Zero(w, w.fleet.Snapshot().Crowd.Dialing)
	})
}

func TestAClientThatLeavesFreesItsPlace(t *testing.T) {
	inWorld(t, func(o *Options) { share(o); o.Clients = 20; o.Shared.Policy.Dials = 2 }, func(w *world) {
		w.listen("b:80")
		w.listen("c:80")
		w.net.Latency = 100 * time.Millisecond
		for i := range 20 {
			w.fleet.Start(i)
		}
		synctest.Wait()
		assert.Equal(w, 18, w.fleet.Snapshot().Crowd.Asking)
		for i := range 18 { // those who dial, and some who ask
			w.fleet.Remove(i)
		}
		time.Sleep(time.Minute)
		assert.Len(w, w.log.of(Left), 18)
		s := w.fleet.Snapshot()
		assert.Equal(w, 2, s.Usable())
		assert.Zero(w, s.Crowd.Asking)
		assert.Zero(w, s.Crowd.Dialing)
		total := 0
		for _, n := range w.spread() {
			total += n
		}
		assert.Equal(w, 2, total)
	})
}

// phonebook is a resolver whose answers a test changes.
type phonebook struct {
	mu    sync.Mutex
	hosts map[string][]string
	err   error
	asked list[time.Time]
}

func (b *phonebook) set(change func(b *phonebook)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *phonebook) resolve(_ context.Context, host string) (found []netip.Addr, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked.add(time.Now())
	for _, a := range b.hosts[host] {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, b.err
}

// named makes the clients one pool behind one name.
func named(o *Options, book *phonebook) {
	o.Shared = &Shared{Policy: crowd.Policy{RebalanceRate: 0.1}}
	o.Resolve = book.resolve
	o.Endpoints = []Endpoint{{Name: "chat", URL: "ws://chat.test/chat"}}
}

func TestEachAddressIsAnEndpoint(t *testing.T) {
	book := &phonebook{hosts: map[string][]string{"chat.test": {"10.0.0.2", "10.0.0.1"}}}
	inWorld(t, func(o *Options) { named(o, book); o.Clients = 20 }, func(w *world) {
		w.listen("10.0.0.1:80")
		w.listen("10.0.0.2:80")
		w.starts(time.Minute)
		counts := w.spread()
		assert.Len(w, counts, 2)
		assert.Equal(w, 20, counts["chat@10.0.0.1:80"]+counts["chat@10.0.0.2:80"])
		assert.Positive(w, counts["chat@10.0.0.1:80"])
		assert.Contains(w, []string{"10.0.0.1:80", "10.0.0.2:80"}, w.fleet.Client(0).Endpoint.Address.String())

		// A refresh that brings the same, in another order, changes nothing.
		before := len(w.log.all())
		book.set(func(b *phonebook) { slices.Reverse(b.hosts["chat.test"]) })
		asked := len(book.asked.all())
		time.Sleep(36 * time.Second)
		assert.Greater(w, len(book.asked.all()), asked)
		for _, ev := range w.log.all()[before:] {
			assert.NotEqual(w, Noticed, ev.Kind)
		}

		// What cannot be resolved for a while goes on to hold.
		book.set(func(b *phonebook) { b.err = errors.New("no answer") })
		time.Sleep(time.Minute)
		assert.Equal(w, counts, w.spread())
		require.ErrorContains(w, w.fleet.Snapshot().Unresolved, "resolve chat.test: no answer")

		// An address that goes is left, one that comes is used.
		w.listen("10.0.0.3:80")
		book.set(func(b *phonebook) { b.err, b.hosts["chat.test"] = nil, []string{"10.0.0.1", "10.0.0.3"} })
		time.Sleep(10 * time.Minute)
		counts = w.spread()
		assert.Zero(w, counts["chat@10.0.0.2:80"])
		assert.Positive(w, counts["chat@10.0.0.3:80"])
		assert.Equal(w, 20, w.fleet.Snapshot().Usable())
		assert.NoError(w, w.fleet.Snapshot().Unresolved)
	})
}

// TestFailuresAskForNamesSooner, together, and not more often than once a second.
func TestFailuresAskForNamesSooner(t *testing.T) {
	book := &phonebook{hosts: map[string][]string{"chat.test": {"10.0.0.1"}}}
	inWorld(t, func(o *Options) { named(o, book); o.Clients = 10; o.Shared.ResolveEvery = time.Hour }, func(w *world) {
		s := w.listen("10.0.0.1:80")
		w.starts(time.Minute)
		require.Len(w, book.asked.all(), 1)
		s.stop()
		book.set(func(b *phonebook) { b.hosts["chat.test"] = []string{"10.0.0.2"} })
		w.listen("10.0.0.2:80")
		time.Sleep(time.Minute)
		assert.Equal(w, 10, w.fleet.Snapshot().Usable())
		assert.Greater(w, len(book.asked.all()), 1)
		asked := book.asked.all()
		for i, at := range asked[1:] {
			assert.GreaterOrEqual(w, at.Sub(asked[i]), resolveGap)
		}
	})
}

// TestANameThatWasNeverResolved fails as what it is.
func TestANameThatWasNeverResolved(t *testing.T) {
	book := &phonebook{}
	inWorld(t, func(o *Options) { named(o, book) }, func(w *world) {
		w.fleet.Start(0)
		time.Sleep(time.Minute)
		failed := w.log.steps(heal.Failed)
		require.NotEmpty(w, failed)
		assert.Equal(w, heal.DNS, failed[0].Step.Cause)
		book.set(func(b *phonebook) { b.hosts = map[string][]string{"chat.test": {"10.0.0.1"}} })
		w.listen("10.0.0.1:80")
		time.Sleep(5 * time.Minute)
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		assert.Equal(w, "10.0.0.1:80", w.fleet.Client(0).Endpoint.Address.String())
	})
}

// TestRandomTroubleOfAPool is TestRandomTroubleLosesNothing of clients that share, move,
// come and go. What the crowd has counted must be right at the end.
func TestRandomTroubleOfAPool(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const clients = 20
			inWorld(t, func(o *Options) {
				share(o)
				o.Clients, o.Shards, o.Seed, o.Guarantee = clients, 2, seed, AtLeastOnce
				o.Policy.Heed = false // a status would make them give up
				o.Policy.DrainTimeout = 2 * time.Second
				o.Shared.Policy.RebalanceRate = 0.2
			}, func(w *world) {
				w.listen("b:80")
				w.listen("c:80")
				r := rand.New(rand.NewPCG(seed, 9))
				w.net.Latency = 5 * time.Millisecond
				alive, sent := make([]int, 0, clients), map[int]uint64{}
				for i := range clients {
					w.fleet.Start(i)
					alive = append(alive, i)
				}
				for range 6000 {
					time.Sleep(100 * time.Millisecond)
					client := alive[r.IntN(len(alive))]
					if w.send(client, sent[client]) == nil {
						sent[client]++
					}
					switch r.IntN(20) {
					case 0:
						w.fleet.Move(client)
					case 1:
						i := r.IntN(len(alive))
						w.fleet.Remove(alive[i])
						delete(sent, alive[i])
						alive[i] = w.fleet.Add()
						w.fleet.Start(alive[i])
					case 2:
						list := slices.Clone(w.opt.Endpoints)
						n := r.IntN(3)
						require.NoError(w, w.fleet.SetEndpoints(list[n:]))
					case 3, 4, 5, 6:
						w.trouble(r)
					}
				}
				w.server.behave(nil)
				require.NoError(w, w.fleet.SetEndpoints(w.opt.Endpoints))
				time.Sleep(20 * time.Minute)
				synctest.Wait()

				s := w.fleet.Snapshot()
				assert.Equal(w, clients, s.Usable())
				assert.Zero(w, s.Waiting)
				assert.Zero(w, s.Crowd.Asking)
				assert.Zero(w, s.Crowd.Dialing)
				total := 0
				for _, e := range s.Crowd.Endpoints {
					total += e.Connections
				}
				assert.Equal(w, clients, total)
				acked := map[int]map[uint64]int{}
				for _, ev := range w.log.of(Acked) {
					if acked[ev.Client] == nil {
						acked[ev.Client] = map[uint64]int{}
					}
					acked[ev.Client][ev.Seq]++
				}
				for client, n := range sent {
					for seq := range n {
						require.Equal(w, 1, acked[client][seq])
					}
				}
				assert.NotEmpty(w, w.log.steps(heal.Move))
				assert.NotEmpty(w, w.log.of(Left))
				assert.Greater(w, len(w.log.steps(heal.Lost)), 50)
			})
		})
	}
}
