package selftest

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/scenarios/engine"
)

const (
	pingEvery   = 500 * time.Millisecond
	pongWithin  = 700 * time.Millisecond
	tick        = 50 * time.Millisecond
	firstPing   = uint64(1) << 62 // numbers of pings, beyond those of messages
	pingPayload = 16
)

var pingMagic = []byte("selfping")

// busyPing is a fleet with a ping of its own on top, as clients in browsers have one, which
// cannot send WebSocket's: a message that the server echoes. Nothing but its pong counts as
// a sign of life, however much arrives meanwhile, and who does not get it in time closes
// the socket.
type busyPing struct {
	*driver.Fleet
	clients int
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu    sync.Mutex // protects following
	conns []net.Conn // by client: the latest
	pings []ping     // by client: the last that was sent
	next  uint64
}

// ping waits for its pong.
type ping struct {
	seq  uint64 // 0: none
	gen  uint32
	at   time.Time
	pong bool
}

func openBusyPing(o driver.Options) (engine.Healer, error) {
	b := &busyPing{clients: o.Clients, conns: make([]net.Conn, o.Clients), pings: make([]ping, o.Clients), next: firstPing}
	o.Through = around(o.Through, func(a driver.Attempt, raw net.Conn) net.Conn {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.conns[a.Client] = raw
		return raw
	})
	ack, observe := o.Ack, o.Observe
	o.Ack = func(client int, payload []byte) (uint64, bool) {
		if seq, ok := readPing(payload); ok {
			return seq, true
		}
		return ack(client, payload)
	}
	// Pings are no messages of the load, so that nobody counts them.
	o.Observe = func(ev driver.Event) {
		if ev.Kind == driver.Received {
			if seq, ok := readPing(ev.Payload); ok {
				b.ponged(ev.Client, seq)
				return
			}
		}
		if ev.Seq >= firstPing {
			return
		}
		observe(ev)
	}
	var err error
	if b.Fleet, err = driver.Open(o); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.done.Go(func() { every(ctx, tick, b.look) })
	return b, nil
}

// every calls f at intervals until ctx ends.
func every(ctx context.Context, d time.Duration, f func(now time.Time)) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			f(now)
		}
	}
}

func readPing(b []byte) (seq uint64, ok bool) {
	if len(b) != pingPayload || !bytes.HasPrefix(b, pingMagic) {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[len(pingMagic):]), true
}

func (b *busyPing) ponged(client int, seq uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := &b.pings[client]; p.seq == seq {
		p.pong = true
	}
}

// look pings who is due, and closes the sockets of those whose pong is.
func (b *busyPing) look(now time.Time) {
	for client := range b.clients {
		info := b.Client(client)
		if !info.Phase.Usable() {
			continue
		}
		b.mu.Lock()
		p := &b.pings[client]
		again := p.seq == 0 || p.gen != info.Gen || p.pong && now.Sub(p.at) >= pingEvery
		late := !again && !p.pong && now.Sub(p.at) >= pongWithin
		conn := b.conns[client]
		if again {
			b.next++
			*p = ping{seq: b.next, gen: info.Gen, at: now}
		}
		seq := p.seq
		b.mu.Unlock()
		switch {
		case late:
			_ = conn.Close() // the fleet sees it end, and heals it
		case again:
			payload := binary.BigEndian.AppendUint64(bytes.Clone(pingMagic), seq)
			_ = b.Send(client, driver.Message{Seq: seq, Payload: payload, Owned: true, Gen: info.Gen}) // one that cannot go has no pong
		}
	}
}

func (b *busyPing) Close(ctx context.Context) error {
	b.stop()
	b.done.Wait()
	return b.Fleet.Close(ctx)
}
