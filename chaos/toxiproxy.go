package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// byToxiproxy is how a stock toxiproxy-server expresses a kind: on all connections, of all
// clients, as whoever they are it cannot tell, and at once.
func byToxiproxy(note string, lacks func(Effect) string) Support {
	return Support{
		By: ByToxiproxy, Conns: []Conns{AllConns}, Whole: true,
		Note: note + "; canaries of the driver's own say whether it acts, as the server counts nothing",
		Lacks: func(f Fault) string {
			if f.Ramp > 0 {
				return "a ramp"
			}
			return lacks(Value(f.Effect))
		},
	}
}

// stockPartition is what a stock server lacks of a partition.
func stockPartition(Effect) string { return "" }

// stockLatency is what it lacks of a latency: it counts whole milliseconds, and knows of a
// delay and a jitter alone.
func stockLatency(e Effect) string {
	l, _ := e.(Latency)
	l.Dist = cmp.Or(l.Dist, Uniform)
	known := Latency{Delay: l.Delay, Jitter: l.Jitter, Direction: l.Direction, Dist: Uniform}
	switch {
	case l != known:
		return "more than a delay and a uniform jitter"
	case l.Delay%time.Millisecond != 0:
		return fmt.Sprintf("a delay of %v, which is no whole number of milliseconds", l.Delay)
	case l.Jitter%time.Millisecond != 0:
		return fmt.Sprintf("a jitter of %v, which is no whole number of milliseconds", l.Jitter)
	}
	return ""
}

// SeenRate is the highest rate, bytes per second, of which the canaries can tell that it
// is kept.
const SeenRate = 100_000

// SeenBytes is the highest limit that the canaries reach.
const SeenBytes = 1 << 20

// stockLimit is what it lacks of a limit: it ends connections with a FIN.
func stockLimit(e Effect) string {
	l, _ := e.(Limit)
	known := Limit{Bytes: l.Bytes, Then: l.Then, Direction: l.Direction}
	switch {
	case l != known:
		return "more than a number of bytes"
	case l.Ends() != EndFIN:
		return fmt.Sprintf("an end by %s", l.Ends())
	case l.Bytes > SeenBytes:
		return fmt.Sprintf("more than %d bytes, which could not be seen to be the limit", SeenBytes)
	}
	return ""
}

// SeenPieces is into how many pieces of a size the shortest frame of a canary is cut.
func SeenPieces(size int64) int64 { return (127 + size - 1) / size }

// stockSlice is what it lacks of a slice: what comes in pieces can only be seen from outside
// where the pieces are apart.
func stockSlice(e Effect) string {
	s, _ := e.(Slice)
	known := Slice{Size: s.Size, Pause: s.Pause, Direction: s.Direction}
	const least = 10 * time.Millisecond
	switch {
	case s != known:
		return "more than a size and a pause"
	case s.Pause%time.Microsecond != 0:
		return fmt.Sprintf("a pause of %v, which is no whole number of microseconds", s.Pause)
	case time.Duration(SeenPieces(s.Size)-1)*s.Pause < least:
		return fmt.Sprintf("pieces of %d bytes %v apart, which could not be seen: 127 bytes have to take %v", s.Size, s.Pause, least)
	}
	return ""
}

// stockSlowClose is what it lacks of a slow close: it counts whole milliseconds.
func stockSlowClose(e Effect) string {
	s, _ := e.(SlowClose)
	if s.Delay%time.Millisecond != 0 {
		return fmt.Sprintf("a delay of %v, which is no whole number of milliseconds", s.Delay)
	}
	return ""
}

// stockBandwidth is what it lacks of a bandwidth: it counts whole KB.
func stockBandwidth(e Effect) string {
	b, _ := e.(Bandwidth)
	known := Bandwidth{Rate: b.Rate, Direction: b.Direction}
	switch {
	case b != known:
		return "more than a rate"
	case b.Rate%1000 != 0:
		return fmt.Sprintf("a rate of %d bytes/s, which is no whole number of KB of 1000", b.Rate)
	case b.Rate > SeenRate:
		return fmt.Sprintf("a rate above %d bytes/s, of which could not be seen that it is kept", SeenRate)
	}
	return ""
}
