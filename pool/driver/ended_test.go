package driver

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/heal"
)

// account is what Receive and Observe were told, in order: a message by its number, the end
// of what a connection brought by its generation.
type account struct {
	reception
	said list[string]
}

func (a *account) receive(client int, gen uint32, payload []byte, text bool) {
	seq, _ := seqOf(payload)
	a.said.add(fmt.Sprint(seq))
	a.reception.receive(client, gen, payload, text)
}

func (a *account) keep(o *Options) {
	observe := o.Observe
	o.Receive = a.receive
	o.Observe = func(ev Event) {
		if ev.Kind == Ended {
			a.said.add(fmt.Sprintf("end of %d", ev.Gen))
		}
		observe(ev)
	}
}

// TestTheEndComesAfterAllThatArrived, however late that is received; the client heals
// meanwhile, and does not leave before.
func TestTheEndComesAfterAllThatArrived(t *testing.T) {
	var a account
	inWorld(t, func(o *Options) { a.gate = make(chan struct{}); a.keep(o) }, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 3)
		synctest.Wait()
		w.server.last().mem().Reset()
		time.Sleep(time.Minute)
		flood(w.server.last(), 3, 2)
		synctest.Wait()
		assert.Equal(w, 1, w.fleet.Snapshot().Usable())
		assert.Empty(w, w.log.of(Ended))
		w.fleet.Remove(0)
		time.Sleep(time.Minute)
		assert.Empty(w, w.log.of(Left), "something of it is to be received")
		close(a.gate)
		synctest.Wait()
		assert.Equal(w, []string{"0", "1", "2", "end of 1", "3", "4", "end of 2"}, a.said.all())
		assert.Len(w, w.log.of(Left), 1)
	})
}

// TestTheEndOfWhatNobodyReceives comes with the connection's, once each.
func TestTheEndOfWhatNobodyReceives(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.connect()
		w.server.last().mem().Reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		ended := w.log.of(Ended)
		require.Len(w, ended, 1)
		assert.Equal(w, uint32(1), ended[0].Gen)
	})
}

// TestTheEndComesAfterWhatAnExchangeHeld back.
func TestTheEndComesAfterWhatAnExchangeHeld(t *testing.T) {
	var a account
	inWorld(t, func(o *Options) {
		a.keep(o)
		o.Validate = func(ctx context.Context, _ Exchange) error {
			<-ctx.Done()
			time.Sleep(time.Second) // it takes no notice
			return ctx.Err()
		}
	}, func(w *world) {
		w.fleet.Start(0)
		synctest.Wait()
		flood(w.server.last(), 0, 2)
		synctest.Wait()
		w.server.last().mem().Reset()
		synctest.Wait()
		assert.Empty(w, a.said.all())
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(w, []string{"0", "1", "end of 1"}, a.said.all())
	})
}

// TestEndsAreNoMessages: they need no room, and are not given up for some.
func TestEndsAreNoMessages(t *testing.T) {
	var a account
	inWorld(t, func(o *Options) {
		a.gate = make(chan struct{})
		a.keep(o)
		o.InboxFrames, o.InboxFull = 1, DropOldest
	}, func(w *world) {
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 1)
		synctest.Wait()
		for seq := range uint64(3) {
			w.server.last().mem().Reset()
			time.Sleep(time.Minute)
			flood(w.server.last(), 2+seq, 1)
			synctest.Wait()
		}
		close(a.gate)
		synctest.Wait()
		assert.Equal(w, []string{"0", "end of 1", "end of 2", "end of 3", "4"}, a.said.all())
	})
}

// TestACheckOfAConnectionThatIsNotRead: messages that pass it by have no more room than
// others, and where it holds up the reader, it is no silence.
func TestACheckOfAConnectionThatIsNotRead(t *testing.T) {
	const room = 8
	var r reception
	var asked list[Exchange]
	inWorld(t, func(o *Options) {
		r.gate = make(chan struct{})
		o.Receive, o.InboxFrames, o.Policy.CheckEvery = r.receive, room, 20*time.Second
		o.Validate = func(ctx context.Context, x Exchange) error {
			if x.First() {
				return nil
			}
			asked.add(x)
			_, err := x.Receive(ctx, func(p []byte) bool { return string(p) == "fine" })
			return err
		}
	}, func(w *world) {
		w.connect()
		for len(asked.all()) == 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		flood(w.server.last(), 0, 1)
		synctest.Wait() // until it is in hand
		flood(w.server.last(), 1, 10*room)
		synctest.Wait()
		assert.Len(w, w.log.of(Received), 1+room+1, "one in hand, the inbox, one before it")
		time.Sleep(time.Hour)
		assert.Empty(w, w.log.steps(heal.Lost))
		close(r.gate)
		synctest.Wait()
		assert.Len(w, r.all(), 1+10*room)
		for range 60 {
			if len(asked.all()) > 1 {
				break
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		require.Len(w, asked.all(), 2, "and is checked again")
		w.server.last().write(ws.NewBinaryFrame([]byte("fine")))
		time.Sleep(10 * time.Second)
		assert.Empty(w, w.log.steps(heal.Lost))
	})
}

// TestARemovedClientGivesUpWhatIsQueued, however slow who receives is.
func TestARemovedClientGivesUpWhatIsQueued(t *testing.T) {
	var a account
	inWorld(t, func(o *Options) { a.gate = make(chan struct{}); a.keep(o) }, func(w *world) {
		defer close(a.gate)
		w.connect()
		flood(w.server.last(), 0, 1)
		synctest.Wait() // it is in hand, and its user is slow
		w.server.last().mem().Reset()
		synctest.Wait()
		require.NoError(w, w.send(0, 7))
		w.fleet.Remove(0)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(w, w.log.of(Dropped), 1, "it can be sent elsewhere, and nobody may be told of it")
	})
}
