package driver

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// TestRandomTroubleLosesNothing cuts, closes, stalls and refuses at random for ten
// minutes of virtual time, under load. At the end every message must have been
// acknowledged exactly once, in order, no client may ever have had two connections,
// and the decisions must replay (which every world checks).
func TestRandomTroubleLosesNothing(t *testing.T) {
	again := 0
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const clients = 10
			inWorld(t, func(o *Options) {
				o.Clients, o.Shards, o.Seed, o.Guarantee = clients, 2, seed, AtLeastOnce
				o.Policy.Heed = false // a status would make them give up
			}, func(w *world) {
				r := rand.New(rand.NewPCG(seed, 9))
				w.net.Latency = 5 * time.Millisecond
				for i := range clients {
					w.fleet.Start(i)
				}
				var sent [clients]uint64
				for range 6000 {
					time.Sleep(100 * time.Millisecond)
					client := r.IntN(clients)
					require.NoError(w, w.send(client, sent[client]))
					sent[client]++
					if r.IntN(4) == 0 {
						w.trouble(r)
					}
				}
				w.server.behave(nil)
				time.Sleep(5 * time.Minute)
				synctest.Wait()

				assert.Equal(w, clients, w.fleet.Snapshot().Usable())
				assert.Zero(w, w.fleet.Snapshot().Waiting)
				assert.Empty(w, w.server.double)
				assert.Empty(w, w.log.of(Dropped))
				var acked [clients][]uint64
				for _, ev := range w.log.of(Received) {
					if ev.Acked {
						acked[ev.Client] = append(acked[ev.Client], ev.Seq)
					}
				}
				for _, ev := range w.log.of(Sent) {
					if ev.Again {
						again++
					}
				}
				for i := range clients {
					require.Len(w, acked[i], int(sent[i]))
					for n, seq := range acked[i] {
						require.Equal(w, uint64(n), seq)
					}
				}
				assert.Greater(w, len(w.log.steps(heal.Lost)), 50)
			})
		})
	}
	assert.Positive(t, again, "the test must have provoked what it is about")
}

// trouble does one bad thing to one connection or to those to come.
func (w *world) trouble(r *rand.Rand) {
	all := w.server.conns()
	if len(all) == 0 {
		return
	}
	c := all[max(0, len(all)-1-r.IntN(15))]
	switch r.IntN(6) {
	case 0:
		c.mem().Reset()
	case 1:
		c.Close()
	case 2:
		c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(1011+r.IntN(3)), "")))
	case 3:
		c.write(ws.NewFrame(ws.OpContinuation, true, nil))
	case 4:
		w.server.behave([]func(*served){
			nil,
			func(c *served) { c.mem().Reset() },
			func(c *served) { c.upgrade() },
			func(c *served) {
				_, _ = ws.Upgrader{OnRequest: func([]byte) error {
					return ws.RejectConnectionError(ws.RejectionStatus(500))
				}}.Upgrade(c.Conn)
			},
		}[r.IntN(4)])
	case 5:
		w.server.behave(nil)
	}
}
