package driver

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// TestACrewKeepsAFew of the goroutines that have worked, and lets all of them go in the end.
func TestACrewKeepsAFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		p := &Fleet{crew: newCrew(), options: Options{Receive: func(int, uint32, []byte, bool) { <-gate }}}
		for range 10 * spare {
			c := &client{fleet: p}
			c.mu.Lock()
			c.inbox = new(inbox)
			c.inbox.put(parcel{})
			c.rouse()
			c.mu.Unlock()
		}
		synctest.Wait()
		assert.Zero(t, p.crew.idle)
		close(gate)
		p.users.Wait()
		synctest.Wait()
		assert.Equal(t, spare, p.crew.idle)
		p.crew.end()
		assert.Zero(t, p.crew.idle)
	})
}
