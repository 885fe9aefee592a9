package pool

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func letter(s string) Message { return Message{Payload: []byte(s)} }

// emptied is all that an inbox holds, as text.
func emptied(b *inbox) (all []string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		d, err := b.next(ctx)
		if err != nil {
			return all
		}
		if d.Continuity.Kind == Unbroken {
			all = append(all, string(d.Message.Payload))
		} else {
			all = append(all, d.Continuity.Kind.String())
		}
	}
}

func TestInboxSkipsOldest(t *testing.T) {
	b := newInbox(2, 100, SkipOldest)
	for _, s := range []string{"a", "b"} {
		assert.Zero(t, b.put(letter(s)))
	}
	assert.Equal(t, 1, b.put(letter("c")))
	assert.Equal(t, 1, b.put(letter("d")))
	d, err := b.next(context.Background())
	require.NoError(t, err)
	assert.Equal(t, Continuity{Kind: Gap, Missed: 2, Reason: "slow consumer"}, d.Continuity, "both in one")
	assert.Equal(t, []string{"c", "d"}, emptied(b))
	assert.Zero(t, b.put(letter("e")))
	assert.Equal(t, []string{"e"}, emptied(b), "and there is room again")
}

func TestInboxBoundsBytes(t *testing.T) {
	b := newInbox(10, 4, SkipOldest)
	assert.Zero(t, b.put(letter("larger than all of it")), "a message that is alone has room")
	assert.Equal(t, 1, b.put(letter("ab")))
	assert.Zero(t, b.put(letter("cd")))
	assert.Equal(t, []string{"gap", "ab", "cd"}, emptied(b))
}

func TestInboxHangsUp(t *testing.T) {
	b := newInbox(1, 100, Hangup)
	assert.Zero(t, b.put(letter("a")))
	assert.Equal(t, 1, b.put(letter("b")))
	assert.Zero(t, b.put(letter("c")), "nobody reads any more")
	assert.Equal(t, []string{"a"}, emptied(b), "what came before is read")
	_, err := b.next(context.Background())
	require.ErrorIs(t, err, ErrSlowConsumer)
}

func TestInboxHoldsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox(1, 100, Backlog)
		b.put(letter("a"))
		var written []string
		for _, s := range []string{"b", "c"} {
			go func() { b.put(letter(s)); written = append(written, s) }()
			synctest.Wait()
		}
		assert.Empty(t, written)
		b.tell(Continuity{Kind: Fresh})
		b.tell(Continuity{Kind: Gap, GivenUp: 1})
		b.tell(Continuity{Kind: Gap, GivenUp: 2})
		var read []string
		for range 5 {
			d, err := b.next(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			read = append(read, string(d.Message.Payload)+d.Continuity.Kind.String())
		}
		assert.Equal(t, []string{"aunbroken", "fresh", "gap", "bunbroken", "cunbroken"}, read)
		assert.Equal(t, []string{"b", "c"}, written)

		b.put(letter("d"))
		for range 2 {
			go b.put(letter("e"))
		}
		synctest.Wait()
		b.end(ErrClosed) // all of them go on, or the bubble is stuck
		assert.Equal(t, []string{"d"}, emptied(b))
	})
}

func TestInboxPauses(t *testing.T) {
	b := newInbox(1, 100, Backlog)
	b.put(letter("a"))
	b.pause(ErrGaveUp)
	assert.Equal(t, []string{"a"}, emptied(b))
	for range 2 {
		_, err := b.next(context.Background())
		require.ErrorIs(t, err, ErrGaveUp)
	}
	b.pause(nil)
	b.put(letter("b"))
	assert.Equal(t, []string{"b"}, emptied(b))
}

// TestEveryoneGoesOnWhenAnInboxEnds who waits for room in it.
func TestEveryoneGoesOnWhenAnInboxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox(1, 100, Backlog)
		b.put(letter("a"))
		var gone atomic.Int32
		for range 3 {
			go func() { b.put(letter("b")); gone.Add(1) }()
		}
		synctest.Wait()
		b.end(ErrClosed)
		synctest.Wait()
		assert.EqualValues(t, 3, gone.Load())
		for range 3 - gone.Load() { // none is left behind in the bubble
			poke(b.room)
			synctest.Wait()
		}
	})
}

// TestInboxAccepts only what costs nothing and waits for nothing.
func TestInboxAccepts(t *testing.T) {
	for _, slow := range []Slow{Backlog, SkipOldest, Hangup} {
		b := newInbox(2, 100, slow)
		assert.True(t, b.accept(letter("a")))
		assert.True(t, b.accept(letter("b")))
		assert.False(t, b.accept(letter("c")), "there is no room")
		assert.Equal(t, []string{"a", "b"}, emptied(b))
		assert.True(t, b.accept(letter("d")))
		b.finish()
		assert.False(t, b.accept(letter("e")), "what ends is for who may lose something")
		b.end(ErrClosed)
		assert.False(t, b.accept(letter("f")))
		assert.Equal(t, []string{"d"}, emptied(b))
	}
}

// TestInboxHoldsMoreThanADesk, and none when it is empty.
func TestInboxHoldsMoreThanADesk(t *testing.T) {
	b := newInbox(10*deskSize, 1<<20, Backlog)
	var want []string
	for i := range 3 * deskSize {
		want = append(want, strconv.Itoa(i))
		b.put(letter(want[i]))
	}
	assert.Equal(t, want, emptied(b))
	assert.Nil(t, b.desk)
	assert.Nil(t, b.queue)
}

// TestReadersWhoWaitAreToldAtOnce of whatever there is: one of a message, all of the end.
func TestReadersWhoWaitAreToldAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		tell func(*inbox)
		want int32
	}{
		"a message":   {func(b *inbox) { b.put(letter("a")) }, 1},
		"a statement": {func(b *inbox) { b.tell(Continuity{Kind: Fresh}) }, 1},
		"a pause":     {func(b *inbox) { b.pause(ErrGaveUp) }, 2},
		"the end":     {func(b *inbox) { b.end(ErrClosed) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newInbox(1, 100, Backlog)
				ctx, cancel := context.WithCancel(t.Context())
				var told atomic.Int32
				for range 2 {
					go func() {
						if _, err := b.next(ctx); !errors.Is(err, context.Canceled) {
							told.Add(1)
						}
					}()
				}
				synctest.Wait()
				test.tell(b)
				synctest.Wait()
				assert.Equal(t, test.want, told.Load())
				cancel()
			})
		})
	}
}

// TestTheLastMessagesHoldNobodyUp: there is as much room again, and for one more, for what
// comes with the end.
func TestTheLastMessagesHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox(1, 100, Backlog)
		b.put(letter("a"))
		var in atomic.Bool
		go func() {
			assert.Zero(t, b.put(letter("b")))
			in.Store(true)
		}()
		synctest.Wait()
		require.False(t, in.Load())
		b.finish()
		synctest.Wait()
		assert.True(t, in.Load())
		assert.Zero(t, b.put(letter("c")), "the one that was on its way")
		assert.Equal(t, 1, b.put(letter("d")))
		b.end(ErrClosed)
		assert.Equal(t, []string{"a", "b", "c"}, emptied(b))
	})
}
