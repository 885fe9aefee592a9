package live

import (
	"math"
	"strconv"
	"time"

	"github.com/wsheal/wsheal/report"
)

// Seconds writes d to a tenth of a second, so that a running clock is readable.
func Seconds(d time.Duration) string {
	if d = d.Round(100 * time.Millisecond); d < time.Minute && d > -time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return report.FormatDuration(int64(d))
}

func whole(v float64) float64 { return math.Round(v) }
