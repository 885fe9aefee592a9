package compare_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// FuzzBaseline: whatever the bytes, there is a baseline or an error, never a panic; and a
// baseline that was read is written, read again and compared with itself.
func FuzzBaseline(f *testing.F) {
	b, err := compare.NewBaseline(arm("run", "recovery.t99", 1, 2, inf, 0, 5, 6), compare.Rule{Metrics: []string{"recovery.t99"}})
	require.NoError(f, err)
	var good bytes.Buffer
	require.NoError(f, b.Write(&good))
	f.Add(good.Bytes())
	f.Add([]byte(`{"schema": 1, "kind": "wsheal baseline", "rule": {"margin": 1e-300, "confidence": 0.999999999, "metrics": ["messages.lost"]}, "runs": [{"name": "a", "verdict": "pass", "metrics": {"messages.lost": -1e308}}]}`))
	f.Add([]byte(`{"schema": 1, "kind": "wsheal baseline", "runs": null}`))
	f.Add([]byte(`{"schema": 1.5, "kind": 7}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := compare.ReadBaseline(bytes.NewReader(text))
		if err != nil {
			return
		}
		var out, again bytes.Buffer
		require.NoError(t, b.Write(&out))
		b, err = compare.ReadBaseline(bytes.NewReader(out.Bytes()))
		require.NoError(t, err)
		require.NoError(t, b.Write(&again))
		assert.Equal(t, out.String(), again.String())
		now := append([]compare.Run{}, b.Runs...)
		for i := range now {
			now[i].Name += " again"
		}
		c, err := compare.Compare(now, b.Runs, nil, b.Rule)
		if err != nil {
			return // names that are one another's
		}
		assert.NotEqual(t, report.Fail, c.Verdict, "nothing is worse than itself")
		require.NoError(t, compare.WriteJSON(&out, c))
		require.NoError(t, compare.WriteText(&out, c, report.Style{}))
		require.NoError(t, compare.WriteMarkdown(&out, c))
	})
}
