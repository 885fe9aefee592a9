package report_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
)

func TestFormatDuration(t *testing.T) {
	for ns, want := range map[int64]string{
		0:                     "0 s",
		1:                     "1 ns",
		999:                   "999 ns",
		1000:                  "1.00 µs",
		48_349:                "48.3 µs",
		999_490:               "999 µs",
		999_500:               "1.00 ms", // rounds up into the next unit
		1_234_000:             "1.23 ms",
		9_996_000:             "10.0 ms",
		48_300_000:            "48.3 ms",
		250_400_000:           "250 ms",
		999_500_000:           "1.000 s",
		1_234_000_000:         "1.234 s",
		9_999_700_000:         "10.0 s",
		32_149_000_000:        "32.1 s",
		59_949_000_000:        "59.9 s",
		59_960_000_000:        "1 min 00 s",
		125 * 1e9:             "2 min 05 s",
		3599_600_000_000:      "1 h 00 min",
		11_220 * 1e9:          "3 h 07 min",
		-48_300_000:           "-48.3 ms",
		math.MaxInt64:         "2,562,047 h 47 min",
		math.MinInt64:         "-2,562,047 h 47 min",
		int64(24 * time.Hour): "24 h 00 min",
	} {
		assert.Equal(t, want, report.FormatDuration(ns), "%d ns", ns)
	}
}

func TestFormatShare(t *testing.T) {
	for v, want := range map[float64]string{
		0:            "0 %",
		1:            "100 %",
		0.2031:       "20.3 %",
		0.2:          "20 %",
		0.00421:      "0.42 %",
		0.000_01:     "< 0.01 %",
		0.999:        "99.9 %",
		0.9999:       "99.99 %",
		0.999_99:     "99.999 %",
		0.999_996:    "99.9996 %", // never rounds to what it is not
		1 - 1e-12:    "> 99.999999 %",
		12.5:         "1,250 %",
		-0.1:         "-10 %",
		math.Inf(1):  "no data",
		math.Inf(-1): "no data",
	} {
		assert.Equal(t, want, report.FormatShare(v), "%v", v)
	}
	assert.Equal(t, "no data", report.FormatShare(math.NaN()))
}

func TestFormatCountNumberRateBytes(t *testing.T) {
	assert.Equal(t, "0", report.FormatCount(0))
	assert.Equal(t, "999", report.FormatCount(999))
	assert.Equal(t, "1,000", report.FormatCount(1000))
	assert.Equal(t, "-12,345,678", report.FormatCount(-12_345_678))
	assert.Equal(t, "-9,223,372,036,854,775,808", report.FormatCount(math.MinInt64))

	assert.Equal(t, "0", report.FormatNumber(0))
	assert.Equal(t, "0.031", report.FormatNumber(0.0312))
	assert.Equal(t, "1.204", report.FormatNumber(1.204))
	assert.Equal(t, "12.35", report.FormatNumber(12.345001))
	assert.Equal(t, "2,001", report.FormatNumber(2000.6))
	assert.Equal(t, "0.00042", report.FormatNumber(0.00042))
	assert.Equal(t, "no data", report.FormatNumber(math.NaN()))

	assert.Equal(t, "2,000/s", report.FormatRate(2000))
	assert.Equal(t, "0.25/s", report.FormatRate(0.25))
	assert.Equal(t, "no data", report.FormatRate(math.Inf(1)))

	assert.Equal(t, "0 B", report.FormatBytes(0))
	assert.Equal(t, "1023 B", report.FormatBytes(1023))
	assert.Equal(t, "64.0 KiB", report.FormatBytes(64<<10))
	assert.Equal(t, "1.00 MiB", report.FormatBytes(1<<20-1))
	assert.Equal(t, "1.50 GiB", report.FormatBytes(3<<29))
	assert.Equal(t, "1,010 MiB", report.FormatBytes(1010<<20))
	assert.Equal(t, "-64.0 KiB", report.FormatBytes(-64<<10))
	assert.Equal(t, "8.00 EiB", report.FormatBytes(math.MaxInt64))
}

func TestFormatValue(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{4.812, "s", "4.812 s"},
		{0.0483, "s", "48.3 ms"},
		{48.3e6, "ns", "48.3 ms"},
		{48.3, "ms", "48.3 ms"},
		{1e300, "s", "2,562,047 h 47 min"},
		{-1e300, "s", "-2,562,047 h 47 min"},
		{0.203, "share", "20.3 %"},
		{65536, "B", "64.0 KiB"},
		{2000, "/s", "2,000/s"},
		{1000, "", "1,000"},
		{1000, "clients", "1,000 clients"},
		{math.NaN(), "s", "no data"},
		{math.Inf(1), "clients", "unbounded"},
		{math.Inf(-1), "s", "no data"},
	} {
		assert.Equal(t, c.want, report.FormatValue(c.v, c.unit), "%v %s", c.v, c.unit)
	}
}
