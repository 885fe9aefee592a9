package report

import (
	"math"
	"time"
)

const (
	stormBin = int64(100 * time.Millisecond)
	// lateEdge is how long after its time the cleared edge of a fault may be written: two
	// calls to the proxy, each bounded by 5 s, and some.
	lateEdge = int64(15 * time.Second)
)

// storm counts the reconnect attempts from the first fault's command on.
type storm struct {
	from      int64 // the command; 0: none yet
	firstLoss int64 // 0: none yet
	lastSeen  int64 // last attempt or heal
	result    Storm
	short     window
	long      window
	bins      []bin // attempts per 100 ms from the first loss on, empty ones left out

	usable  byClient[bool]
	tried   byClient[bool] // it has tried since its last loss
	failed  []int64        // when the failed attempts of the last 15 s had begun, not yet told apart
	siftAt  int            // how many of them are worth going through
	cleared int64          // the latest cleared edge so far
}

type bin struct {
	at int64
	n  int
}

func newStorm() *storm {
	return &storm{short: window{width: stormBin}, long: window{width: int64(time.Second)}}
}

// Add takes a record and what it says of the client's attempts.
func (s *storm) Add(rec Record, a attempt) {
	if f := rec.Fault; f != nil && f.Edge == "commanded" && s.from == 0 {
		s.from = rec.T
	}
	if rec.Step == nil {
		return
	}
	up, tried := s.usable.at(rec.Step.Client), s.tried.at(rec.Step.Client)
	was, is := *up, isUsable(rec.Step.To)
	*up = is
	first := a.began && !*tried
	if a.began || is {
		*tried = !is
	}
	if s.from == 0 {
		return
	}
	if first {
		s.result.First++
	}
	if was && !is && rec.Step.To != "retired" && s.firstLoss == 0 {
		s.firstLoss = rec.T
	}
	if a.ended != noAttempt && a.endedOf >= s.from {
		if a.ended == attemptHealed {
			s.result.Healed++
			s.lastSeen = rec.T
		} else {
			s.failed = append(s.failed, a.endedOf)
			s.sift(rec.T - lateEdge)
		}
	}
	if a.began {
		s.begin(rec.T)
	}
	if a.moves {
		s.result.Moves++
	}
}

func (s *storm) begin(t int64) {
	s.result.Attempts++
	s.lastSeen = t
	s.result.Peak100ms = max(s.result.Peak100ms, s.short.add(t))
	s.result.Peak1s = max(s.result.Peak1s, s.long.add(t))
	if s.firstLoss == 0 {
		return
	}
	at := (t - s.firstLoss) / stormBin
	if n := len(s.bins); n > 0 && s.bins[n-1].at == at {
		s.bins[n-1].n++
		return
	}
	s.bins = append(s.bins, bin{at, 1})
}

// Clear notes when a fault was over.
func (s *storm) Clear(at int64) {
	if at <= s.cleared {
		return
	}
	s.cleared = at
	// What has been told apart by now began long before any edge that is still to come.
	s.result.Hopeless += s.result.Collateral
	s.result.Collateral = 0
}

// sift tells hopeless from collateral those failed attempts of which no edge can any more
// change the answer, because they began before the given time.
func (s *storm) sift(before int64) {
	if len(s.failed) < max(1024, s.siftAt) && before != math.MaxInt64 {
		return
	}
	kept := s.failed[:0]
	for _, begun := range s.failed {
		switch {
		case begun >= before:
			kept = append(kept, begun)
		case begun < s.cleared:
			s.result.Hopeless++
		default:
			s.result.Collateral++
		}
	}
	s.failed, s.siftAt = kept, 2*len(kept) // so that each is looked at a few times, not at each failure
}

// Close returns the result. Cleared is when the last fault was over; full is when the
// fleet had recovered in full, 0 when it had not; end is the run's.
func (s *storm) Close(lost, losses int, cleared, full, end int64) Storm {
	s.Clear(cleared)
	s.sift(math.MaxInt64)
	s.result.Lost, s.result.Losses = lost, losses
	if until := full; cleared > 0 {
		if until == 0 {
			until = end
		}
		s.result.After = max(0, until-cleared)
	}
	if s.firstLoss > 0 {
		if full <= s.firstLoss {
			full = s.lastSeen + 1
		}
		s.result.Bins = max(1, (full-s.firstLoss+stormBin-1)/stormBin)
		s.result.Sync, s.result.InWindow = s.sync(s.result.Bins)
		s.result.PeakToMean, s.result.Fano = s.shape(s.result.Bins)
	}
	return s.result
}

// sync is the synchronisation index over the first m bins: the chance that two of the
// attempts, drawn at random, fall into the same bin, scaled so that an even spread gives 0
// and lock-step 1. By chance it can come out below 0, which is 0.
func (s *storm) sync(m int64) (index float64, n int) {
	var pairs, total float64
	for _, b := range s.bins {
		if b.at < m {
			pairs += float64(b.n) * float64(b.n-1)
			total += float64(b.n)
		}
	}
	switch {
	case total < 2:
		return 0, int(total)
	case m == 1:
		return 1, int(total)
	}
	even := 1 / float64(m)
	return max(0, (pairs/(total*(total-1))-even)/(1-even)), int(total)
}

// shape is how uneven the attempts are over the first m bins, in two ways that, unlike the
// index, depend on how many attempts there are: the fullest bin over the mean, and the
// variance over the mean. 0, 0 without attempts.
func (s *storm) shape(m int64) (peakToMean, fano float64) {
	var total, squares, most float64
	for _, b := range s.bins {
		if b.at < m {
			n := float64(b.n)
			total, squares, most = total+n, squares+float64(n*n), max(most, n)
		}
	}
	if total == 0 {
		return 0, 0
	}
	mean := total / float64(m)
	return most / mean, (squares/float64(m) - float64(mean*mean)) / mean
}

// window counts what falls into a sliding window [t, t + width), by two pointers.
type window struct {
	width int64
	times []int64
	tail  int
}

// add takes the next time, not earlier than the last, and returns how many there are in
// the window that ends with it.
func (w *window) add(t int64) int {
	w.times = append(w.times, t)
	for t-w.times[w.tail] >= w.width {
		w.tail++
	}
	if w.tail > len(w.times)/2 && w.tail > 1024 {
		w.times = append(w.times[:0], w.times[w.tail:]...)
		w.tail = 0
	}
	return len(w.times) - w.tail
}
