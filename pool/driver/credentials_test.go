package driver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCredentialsThatCameMeanwhileAreNotAskedForAgain: who saw that there are none newer may be
// late for the refresh that brought them.
func TestCredentialsThatCameMeanwhileAreNotAskedForAgain(t *testing.T) {
	x := issuer{}
	inWorld(t, func(o *Options) { o.Credentials = x.fetch }, func(w *world) {
		first := &Credentials{Version: 1}
		for range 2 {
			got, err := w.fleet.fetch(w.Context(), Attempt{}, first, "1")
			require.NoError(w, err)
			assert.Equal(w, uint64(2), got.Version)
		}
		assert.Equal(w, []uint64{1}, x.rejected.all())
	})
}
