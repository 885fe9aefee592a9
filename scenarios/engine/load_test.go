package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// outbox is a fleet that takes time, or refuses.
type outbox struct {
	now  func() heal.Instant
	at   []heal.Instant
	send func(n uint64) error
}

func (o *outbox) Send(_ int, m driver.Message) error {
	n := m.Seq
	if got, ok := readMessage(m.Payload); !ok || got != n {
		return errors.New("a message that does not say its number")
	}
	o.at = append(o.at, o.now())
	return o.send(n)
}

// TestLoadIsOpenLoop: every message goes out when it is due, whatever became of those
// before it; when one is held up, those due meanwhile follow at once, each still counted
// from its own time.
func TestLoadIsOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		s := b.rec.schedule
		box := &outbox{now: b.now, send: func(n uint64) error {
			if n == 10 {
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}}
		require.NoError(t, drive(t.Context(), s, b.now, box, b.rec))
		require.Len(t, box.at, int(s.total()))
		for n, at := range box.at {
			want := s.due(uint64(n))
			if n > 10 {
				want = max(want, s.due(10).Add(100*time.Millisecond))
			}
			assert.Equal(t, want, at, "message %d", n)
		}
		var intended, waited int64
		for _, c := range b.load(4 * time.Second).Phases {
			intended, waited = intended+c.Intended, waited+c.Waited
		}
		assert.EqualValues(t, s.total(), intended)
		assert.EqualValues(t, s.total(), waited, "no client is up, and none is skipped")
	})
}

func TestLoadCountsWhatAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		box := &outbox{now: b.now, send: func(n uint64) error {
			if n%2 == 0 {
				return driver.ErrQueueFull
			}
			return nil
		}}
		require.NoError(t, drive(t.Context(), b.rec.schedule, b.now, box, b.rec))
		var sum report.LoadCount
		for _, c := range b.load(4 * time.Second).Phases {
			sum.Intended, sum.Dropped = sum.Intended+c.Intended, sum.Dropped+c.Dropped
		}
		assert.EqualValues(t, b.rec.schedule.total(), sum.Intended)
		assert.Equal(t, (sum.Intended+1)/2, sum.Dropped)
		assert.Equal(t, sum.Intended-sum.Dropped, b.rec.outstanding())
	})
}

func TestLoadEndsWithItsRunOrItsPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		box := &outbox{now: b.now, send: func(uint64) error { return driver.ErrClosed }}
		require.ErrorIs(t, drive(t.Context(), b.rec.schedule, b.now, box, b.rec), driver.ErrClosed)
		require.Len(t, box.at, 1)

		b = newBench(t, open(t, "reset-storm"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		box = &outbox{now: b.now, send: func(uint64) error { return nil }}
		require.NoError(t, drive(ctx, b.rec.schedule, b.now, box, b.rec))
		assert.Equal(t, heal.Instant(time.Second), b.now())
	})
}

// TestAnswersAreAwaitedAndNoLonger.
func TestAnswersAreAwaitedAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, open(t, "reset-storm"))
		answered := func() bool { return b.rec.outstanding() <= 0 }
		b.await(t.Context(), drainLimit, answered)
		assert.Zero(t, b.now(), "nothing is out")

		b.rec.due(0, 0)
		time.AfterFunc(1234*time.Millisecond+time.Microsecond, func() { b.answer(0, time.Second) })
		b.await(t.Context(), drainLimit, answered)
		assert.Equal(t, heal.Instant(1235*time.Millisecond), b.now(), "it looks every millisecond")

		b.rec.due(1, 0)
		b.await(t.Context(), drainLimit, answered)
		assert.Equal(t, heal.Instant(1235*time.Millisecond).Add(drainLimit), b.now())

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := b.now()
		b.await(ctx, drainLimit, answered)
		assert.Equal(t, before, b.now())
	})
}
