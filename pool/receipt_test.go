package pool

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReceiptIsFinalOnce(t *testing.T) {
	r := &Receipt{}
	assert.Equal(t, Queued, r.Outcome())
	early := r.Done()
	r.advance(Written)
	assert.Equal(t, Written, r.Outcome())
	assert.Empty(t, closed(early))
	r.advance(Queued) // it is sent again
	assert.True(t, r.settle(Unknown, errors.New("reset")))
	assert.False(t, r.settle(Acked, nil), "what is final stays")
	r.advance(Written)
	assert.Equal(t, Unknown, r.Outcome())
	assert.Equal(t, []bool{true}, closed(early))
	assert.Equal(t, []bool{true}, closed(r.Done()), "also when it is asked for late")
	assert.ErrorIs(t, r.Err(), ErrOutcomeUnknown)
	assert.EqualError(t, r.Err(), "outcome unknown: reset")
}

func TestReceiptErrors(t *testing.T) {
	for outcome, err := range map[Outcome]error{NotSent: ErrNotSent, Unknown: ErrOutcomeUnknown, Written: nil, Acked: nil} {
		r := &Receipt{}
		r.settle(outcome, nil)
		if err == nil {
			assert.NoError(t, r.Err(), outcome)
		} else {
			assert.ErrorIs(t, r.Err(), err)
		}
	}
}

// closed tells, as one value, whether a channel is closed; none when it is not.
func closed(c <-chan struct{}) (is []bool) {
	select {
	case _, open := <-c:
		return []bool{!open}
	default:
		return nil
	}
}
