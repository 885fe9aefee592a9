package toxi

import (
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

// stuck is a socket whose reader stalls: it takes room bytes, then a write ends only by
// its deadline.
type stuck struct {
	mu    sync.Mutex
	room  int
	got   []byte
	moved chan struct{} // closed and made anew when room or the deadline changes
	past  bool
}

func (s *stuck) Write(b []byte) (int, error) {
	n := 0
	for {
		s.mu.Lock()
		if s.past {
			s.mu.Unlock()
			return n, os.ErrDeadlineExceeded
		}
		k := min(s.room, len(b)-n)
		s.got = append(s.got, b[n:n+k]...)
		s.room -= k
		n += k
		moved := s.moved
		s.mu.Unlock()
		if n == len(b) {
			return n, nil
		}
		<-moved
	}
}

// writeNow takes what there is room for.
func (s *stuck) writeNow(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past {
		return 0, os.ErrDeadlineExceeded
	}
	n := min(s.room, len(b))
	s.got = append(s.got, b[:n]...)
	s.room -= n
	return n, nil
}

func (s *stuck) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.moved)
	s.moved = make(chan struct{})
}

func (s *stuck) SetWriteDeadline(t time.Time) error {
	s.change(func() { s.past = !t.IsZero() })
	return nil
}

func (s *stuck) has() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.got)
}

func (*stuck) Read([]byte) (int, error) { return 0, os.ErrClosed }
func (*stuck) SetLinger(int) error      { return nil }
func (*stuck) CloseWrite() error        { return nil }
func (*stuck) Close() error             { return nil }

// A write that a partition stops in the middle: the rest stays in the sink's hand, a
// second partition keeps it there, and then it goes on where it was, nothing leaked.
func TestAStoppedWriteParksUntilNothingHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		to := &stuck{room: 4, moved: make(chan struct{})}
		x.lane.out.to, x.lane.out.from = &side{endpoint: to}, x.lane.conn.server
		x.p.ends.Add(1)
		go func() {
			_, err := x.lane.out.ReadFrom(stream.NewChanReader(x.out))
			assert.NoError(t, err)
			assert.NoError(t, x.lane.out.Close())
		}()
		x.put("partition")
		synctest.Wait()
		assert.Equal(t, "part", to.has())

		a := x.add("a", "partition", `{}`)
		assert.Equal(t, 1, a.evidence().Hit)
		assert.EqualValues(t, len("ition"), a.evidence().HeldBytes)
		to.change(func() { to.room = 100 }) // the reader reads again
		synctest.Wait()
		assert.Equal(t, "part", to.has())

		b := x.add("b", "partition", `{}`)
		x.p.remove("a")
		synctest.Wait()
		assert.Equal(t, "part", to.has())
		assert.EqualValues(t, len("ition"), b.evidence().HeldBytes)
		x.p.remove("b")
		synctest.Wait()
		assert.Equal(t, "partition", to.has())
		x.put(" over")
		close(x.in)
		x.p.ends.Wait()
		assert.Equal(t, "partition over", to.has())
		for _, o := range []*order{a, b} {
			assert.Equal(t, chaos.Evidence{
				Armed: 1, First: 1, Last: 1, Cleared: 1, Targeted: 1, Hit: 1, HeldChunks: 1, HeldBytes: 5,
			}, o.evidence())
		}
	})
}

// A deadline that comes too late, when the write it was meant for has ended, stops
// nothing that comes after the partition.
func TestADeadlineThatCameTooLateIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		to := &stuck{room: 100, past: true, moved: make(chan struct{})}
		x.lane.out.to = &side{endpoint: to}
		assert.NoError(t, x.lane.out.write([]byte("goes on")))
		assert.Equal(t, "goes on", to.has())
		close(x.in)
		x.p.ends.Wait()
	})
}

// departed is a socket whose peer has sent a RST.
type departed struct{ stuck }

func (*departed) Write([]byte) (int, error)    { return 0, syscall.EPIPE }
func (*departed) writeNow([]byte) (int, error) { return 0, syscall.ECONNRESET }

// A client whose RST a write meets has ended the connection, whatever its target does then.
func TestWhoseRSTAWriteMeetsEndedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tapLane(t)
		c := x.lane.conn
		x.lane.out.to, x.lane.out.from = &side{endpoint: &departed{}}, c.server
		x.p.ends.Add(1)
		go func() {
			_, err := x.lane.out.ReadFrom(stream.NewChanReader(x.out))
			assert.ErrorIs(t, err, syscall.EPIPE)
			assert.NoError(t, x.lane.out.Close())
		}()
		x.put("to nobody")
		close(x.in)
		x.p.ends.Wait()
		assert.Equal(t, "client", c.seen.by)
		assert.True(t, c.seen.reset)
	})
	synctest.Test(t, func(t *testing.T) { // the target's end comes before
		x := tapLane(t)
		c := x.lane.conn
		to := &side{endpoint: &stuck{}}
		to.broken.Store(true)
		x.lane.out.to, x.lane.out.from = to, c.server
		x.p.ends.Add(1)
		close(x.in)
		assert.Equal(t, "end", x.get())
		assert.NoError(t, x.lane.out.Close())
		x.p.ends.Wait()
		assert.Equal(t, "server", c.seen.by)
		assert.False(t, c.seen.reset)
	})
}
