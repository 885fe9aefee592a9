package kernel

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
)

// TestOutsideNothingIsBroken: the host's own kernel is left alone, whatever is asked.
func TestOutsideNothingIsBroken(t *testing.T) {
	t.Setenv(outsideEnv, "")
	assert.False(t, Inside())
	here, err := namespace()
	assert.NoError(t, err)
	t.Setenv(outsideEnv, here)
	assert.False(t, Inside(), "started from where it still is")
	by := NewInjector(map[string]string{"blue": "127.0.0.1:1"}, func() int64 { return 1 })
	f := chaos.Fault{Name: "cable", On: "blue", Share: 1, Effect: chaos.KernelPartition{}}
	assert.ErrorIs(t, by.Inject(t.Context(), f), errOutside)
	assert.ErrorIs(t, Settle(), errOutside)
}

func TestAttributesAreFoundAgain(t *testing.T) {
	list := join(text(1, "odd"), number(2, 7), nest(3, number(4, 8)))
	assert.Equal(t, []byte("odd\x00"), find(list, 1))
	assert.Equal(t, []byte{0, 0, 0, 7}, find(list, 2))
	assert.Equal(t, []byte{0, 0, 0, 8}, find(find(list, 3), 4))
	assert.Nil(t, find(list, 9))
	assert.Nil(t, find([]byte{200, 0, 1, 0}, 1), "longer than there is")
	assert.Nil(t, find([]byte{1, 0, 1, 0}, 1), "shorter than itself")
}
