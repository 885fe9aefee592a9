package faultrig_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/internal/faultrig"
)

// judge is a test that may fail.
type judge struct {
	testing.TB
	failed bool
}

func (j *judge) Helper()               {}
func (j *judge) Errorf(string, ...any) { j.failed = true }
func (j *judge) FailNow()              { panic(j) }

// What a condition requires ends the test, and not the wait for it.
func TestAConditionMayFailTheTest(t *testing.T) {
	asked := 0
	faultrig.Until(t, "the third time", func() bool { asked++; return asked == 3 })
	j := &judge{TB: t}
	assert.PanicsWithValue(t, j, func() {
		faultrig.Until(j, "it fails", func() bool { require.Fail(j, "now"); return false })
	})
	assert.PanicsWithValue(t, j, func() {
		faultrig.Within(j, 0, "never", func() bool { return false })
	})
	assert.True(t, j.failed)
}
