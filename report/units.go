package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// FormatDuration writes ns for people: "850 ns", "48.3 µs", "48.3 ms", "1.234 s",
// "32.1 s", "2 min 05 s", "3 h 07 min". A value that rounds up to the next unit is
// written in it; whole milliseconds and seconds are written whole: "8 s".
func FormatDuration(ns int64) string {
	if ns == math.MinInt64 {
		ns++
	}
	if ns < 0 {
		return "-" + FormatDuration(-ns)
	}
	v := float64(ns)
	switch {
	case ns == 0:
		return "0 s"
	case ns < 1000:
		return strconv.FormatInt(ns, 10) + " ns"
	case ns%1e9 == 0 && ns < 60e9:
		return strconv.FormatInt(ns/1e9, 10) + " s"
	case ns%1e6 == 0 && ns < 1e9:
		return strconv.FormatInt(ns/1e6, 10) + " ms"
	case round(v/1e3, 0) < 1000:
		return significant(v/1e3) + " µs"
	case round(v/1e6, 0) < 1000:
		return significant(v/1e6) + " ms"
	case round(v/1e9, 3) < 10:
		return strconv.FormatFloat(v/1e9, 'f', 3, 64) + " s"
	case round(v/1e9, 1) < 60:
		return strconv.FormatFloat(v/1e9, 'f', 1, 64) + " s"
	}
	if s := time.Duration(ns).Round(time.Second); s < time.Hour {
		return strconv.Itoa(int(s/time.Minute)) + " min " + two(int(s%time.Minute/time.Second)) + " s"
	}
	m := int64(time.Duration(ns).Round(time.Minute) / time.Minute)
	return FormatCount(m/60) + " h " + two(int(m%60)) + " min"
}

// significant writes v of 1 to 1000 with three significant digits and at most one
// more decimal than it needs: 1.23, 48.3, 250.
func significant(v float64) string {
	switch {
	case round(v, 2) < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case round(v, 1) < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func round(v float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// FormatShare writes a share of 1 as per cent: "20.3 %", "100 %", "0.42 %". It never
// rounds to 0 % or 100 % what is neither: "99.998 %", "< 0.01 %".
func FormatShare(v float64) string {
	p := v * 100
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "no data"
	case p < 0:
		return "-" + FormatShare(-v)
	case p > 0 && p < 0.005:
		return "< 0.01 %"
	case p < 10:
		return decimals(p, 2) + " %"
	case p > 99.9 && p < 100:
		for d := 2; d <= 6; d++ {
			if round(p, d) < 100 {
				return decimals(p, d) + " %"
			}
		}
		return "> 99.999999 %"
	}
	return decimals(p, 1) + " %"
}

// decimals writes v with at most d decimals, thousands separated, without trailing zeros.
func decimals(v float64, d int) string {
	s := strconv.FormatFloat(v, 'f', d, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	whole, fraction, found := strings.Cut(s, ".")
	if found {
		return thousands(whole) + "." + fraction
	}
	return thousands(whole)
}

// FormatCount writes n with thousands separators: "1,000".
func FormatCount(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

// thousands puts a comma between each three digits of a decimal integer.
func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// FormatNumber writes a number without a unit: integers whole, others with three
// significant digits or more.
func FormatNumber(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "no data"
	case a >= 1e15:
		return strconv.FormatFloat(v, 'g', 6, 64)
	case a == math.Trunc(a) || a >= 1000:
		return decimals(v, 0)
	case a >= 100:
		return decimals(v, 1)
	case a >= 10:
		return decimals(v, 2)
	case a >= 0.001:
		return decimals(v, 3)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// FormatRate writes events per second: "2,000/s", "0.25/s".
func FormatRate(perSecond float64) string {
	s := FormatNumber(perSecond)
	if s == "no data" {
		return s
	}
	return s + "/s"
}

// FormatBytes writes n in binary units: "128 B", "64.0 KiB", "1.50 GiB".
func FormatBytes(n int64) string {
	if n < 0 {
		return "-" + FormatBytes(-max(n, -math.MaxInt64))
	}
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, units := float64(n)/1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for len(units) > 1 && round(v, 1) >= 1024 {
		v, units = v/1024, units[1:]
	}
	if round(v, 1) >= 1000 {
		return decimals(v, 0) + " " + units[0]
	}
	return significant(v) + " " + units[0]
}

// FormatValue writes a metric's value with its unit, as `wsheal metrics` lists it:
// "s" and "ns" are durations, "share" is a share of 1, "B" bytes, "/s" a rate, and
// any other unit follows the number. NaN is "no data", +Inf is "unbounded".
func FormatValue(v float64, unit string) string {
	switch {
	case math.IsInf(v, 1):
		return "unbounded"
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "no data"
	}
	switch unit {
	case "s":
		return FormatDuration(nanoseconds(v * 1e9))
	case "ms":
		return FormatDuration(nanoseconds(v * 1e6))
	case "ns":
		return FormatDuration(nanoseconds(v))
	case "share", "ratio":
		return FormatShare(v)
	case "B", "bytes":
		return FormatBytes(nanoseconds(v))
	case "/s":
		return FormatRate(v)
	case "", "1", "count":
		return FormatNumber(v)
	}
	return FormatNumber(v) + " " + unit
}

// nanoseconds rounds v, held within what an int64 can say.
func nanoseconds(v float64) int64 {
	switch {
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int64(math.Round(v))
}
