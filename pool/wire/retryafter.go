package wire

import (
	"net/http"
	"strings"
	"time"
)

// retryAfter reads the header's value, seconds or an HTTP date (RFC 9110 10.2.3); 0
// when there is none or it makes no sense. A day is the most that is believed.
func retryAfter(value string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	value = strings.TrimSpace(value)
	if seconds, ok := decimal(value); ok {
		return min(time.Duration(min(seconds, int64(most/time.Second)))*time.Second, most)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}

// decimal reads digits alone; a number too large is the largest.
func decimal(s string) (n int64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n, 1<<53)*10 + int64(c-'0')
	}
	return n, s != ""
}
