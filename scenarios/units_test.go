package scenarios

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "1m30s": 90 * time.Second, "1.5s": 1500 * time.Millisecond, "1000h": longest,
	} {
		got, err := parseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"8":       "expected a duration such as 250ms or 8s, got 8",
		"":        "expected a duration such as 250ms or 8s, got nothing",
		"-1s":     "expected a duration such as 250ms or 8s, got -1s",
		"8 s":     "expected a duration such as 250ms or 8s, got 8 s",
		"1001h":   "expected a duration of at most 1000h, got 1001h",
		"a\tb":    `expected a duration such as 250ms or 8s, got "a\tb"`,
		"9e99999": "expected a duration such as 250ms or 8s, got 9e99999",
	} {
		_, err := parseDuration(text)
		assert.EqualError(t, err, want)
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]float64{"2000/s": 2000, "60/min": 1, "1800/h": 0.5, "0.5/s": 0.5, "0/s": 0} {
		got, err := parseRate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "2000", "2000/", "/s", "-1/s", "NaN/s", "Inf/s", "1/d", "1/s/s", "1e10/s"} {
		_, err := parseRate(text)
		assert.ErrorContains(t, err, "expected a rate such as 2000/s or 60/min, got ", text)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{"128": 128, "128B": 128, "64KiB": 65536, "1MiB": 1 << 20, "2GiB": 2 << 30} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-1", "64KB", "1.5KiB", "KiB", "9999999999999GiB", "12BKiB"} {
		_, err := parseSize(text)
		assert.ErrorContains(t, err, "expected a size such as 128 or 64KiB, got ", text)
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]float64{"30%": 0.3, "0.3": 0.3, "0": 0, "0%": 0, "1": 1, "100%": 1, "99.9%": 0.999} {
		got, err := parseShare(text)
		require.NoError(t, err, text)
		assert.InDelta(t, want, got, 1e-15, text)
	}
	for _, text := range []string{"", "30", "101%", "-1%", "NaN", "%", "30 %"} {
		_, err := parseShare(text)
		assert.ErrorContains(t, err, "expected a share such as 30% or 0.3, got ", text)
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]moment{
		"chaos": {"chaos", 0}, "chaos+2s": {"chaos", 2 * time.Second}, "recovery + 1m": {"recovery", time.Minute},
	} {
		got, err := parseMoment(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "choas", "chaos+", "chaos+2", "chaos-2s", "5s", "+2s"} {
		_, err := parseMoment(text)
		assert.ErrorContains(t, err, "such as chaos or chaos+2s, got ", text)
	}
}

// What is written is read back exactly, whatever the value.
func TestUnitsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		d := time.Duration(r.Int64N(int64(longest)))
		if r.IntN(2) == 0 {
			d = d.Truncate(time.Second)
		}
		gotD, err := parseDuration(formatDuration(d))
		require.NoError(t, err)
		require.Equal(t, d, gotD)

		rate := math.Exp(r.Float64()*20) / 60
		gotR, err := parseRate(formatRate(rate))
		require.NoError(t, err)
		require.Equal(t, rate, gotR)

		size := int(r.Int64N(1<<40)) &^ (1<<r.IntN(24) - 1)
		gotS, err := parseSize(formatSize(size))
		require.NoError(t, err)
		require.Equal(t, size, gotS)

		share := r.Float64()
		if r.IntN(2) == 0 {
			share = math.Round(share*1000) / 1000
		}
		gotX, err := parseShare(formatShare(share))
		require.NoError(t, err)
		require.Equal(t, share, gotX)
	}
	assert.Equal(t, "1h", formatDuration(time.Hour))
	assert.Equal(t, "1m30s", formatDuration(90*time.Second))
	assert.Equal(t, "10s", formatDuration(10*time.Second))
	assert.Equal(t, "10m", formatDuration(10*time.Minute))
	assert.Equal(t, "0s", formatDuration(0))
	assert.Equal(t, "64KiB", formatSize(65536))
	assert.Equal(t, "30%", formatShare(0.3))
}
