package serve

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A report that takes long is made seldom, however often it is asked for: every 2 s, or
// after 20 times what it took.
func TestReportsAreRationed(t *testing.T) {
	for _, c := range []struct{ takes, want time.Duration }{
		{0, 2 * time.Second},
		{50 * time.Millisecond, 2 * time.Second},
		{time.Second, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			made := 0
			var r soFar
			r.set(func(w io.Writer) error {
				made++
				time.Sleep(c.takes)
				_, err := fmt.Fprintf(w, "%d", made)
				return err
			})
			ask := func() string {
				page, err := r.page()
				require.NoError(t, err)
				return string(page)
			}
			assert.Equal(t, "1", ask())
			time.Sleep(c.want - time.Nanosecond)
			assert.Equal(t, "1", ask())
			time.Sleep(time.Nanosecond)
			assert.Equal(t, "2", ask())
		})
	}
}
