package report

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Interval is one line of latency.hlog: the latencies of one series whose answers
// arrived in one interval. Times are ns since the run's start, latencies ns.
type Interval struct {
	Tag      string
	From, To int64
	Max      int64 // exact, where the histogram knows only its bucket
	Hist     *hdrhistogram.Histogram
}

// HlogWriter writes the interval log format of HdrHistogram, version 1.3: a version, a
// start time, a base time, a legend, then one line per interval and tag. Other tools of
// HdrHistogram read it: their unit of time is seconds since the base time, the histograms'
// is ns, the maximum column's is ms.
//
// The library's own writer is not used: it rounds start and base time to whole seconds,
// its times to microseconds, and lets through tags that break a line.
type HlogWriter struct {
	w      io.Writer
	buf    bytes.Buffer
	opened bool
	base   time.Time
}

// NewHlogWriter returns a writer to w. Started is the wall clock at the run's start, to
// which all times are relative; the zero time is written as 0.
func NewHlogWriter(w io.Writer, started time.Time) *HlogWriter {
	return &HlogWriter{w: w, base: started}
}

var validTag = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// Write appends the intervals, all in one Write call of the underlying writer. A tag that
// is not of [A-Za-z0-9._-]+ and an interval that ends before it begins are errors; then
// nothing is written.
func (w *HlogWriter) Write(intervals ...Interval) error {
	w.buf.Reset()
	if !w.opened {
		w.head()
	}
	for _, iv := range intervals {
		if err := w.line(iv); err != nil {
			return err
		}
	}
	if _, err := w.w.Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("write latency.hlog: %w", err)
	}
	w.opened = true
	return nil
}

func (w *HlogWriter) head() {
	epoch, label := "0.000", "unknown"
	if !w.base.IsZero() && w.base.UnixMilli() >= 0 {
		epoch = strconv.FormatFloat(float64(w.base.UnixMilli())/1e3, 'f', 3, 64)
		label = w.base.UTC().Format(time.RFC3339Nano)
	}
	fmt.Fprintf(&w.buf, "#[Histogram log format version 1.3]\n")
	fmt.Fprintf(&w.buf, "#[StartTime: %s (seconds since epoch), %s]\n", epoch, label)
	fmt.Fprintf(&w.buf, "#[BaseTime: %s (seconds since epoch)]\n", epoch)
	fmt.Fprintf(&w.buf, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n")
}

func (w *HlogWriter) line(iv Interval) error {
	if !validTag.MatchString(iv.Tag) {
		return fmt.Errorf("latency.hlog: tag %q, expected letters, digits, '.', '_' and '-'", iv.Tag)
	}
	if iv.From < 0 || iv.To < iv.From {
		return fmt.Errorf("latency.hlog: interval from %d to %d ns, expected it to begin at 0 or later and not to end before", iv.From, iv.To)
	}
	payload, err := iv.Hist.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return fmt.Errorf("latency.hlog: encode %s: %w", iv.Tag, err)
	}
	fmt.Fprintf(&w.buf, "Tag=%s,%s,%s,%s,", iv.Tag, point(iv.From, 9), point(iv.To-iv.From, 9), point(iv.Max, 6))
	w.buf.Write(payload)
	w.buf.WriteByte('\n')
	return nil
}

// point writes v divided by 10 to the power of decimals, exactly.
func point(v int64, decimals int) string {
	s := fmt.Sprintf("%0*d", decimals+1, v)
	return s[:len(s)-decimals] + "." + s[len(s)-decimals:]
}
