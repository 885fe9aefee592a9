package report

import (
	"math"
	"time"
)

const (
	timelineStep = int64(100 * time.Millisecond)
	ackedStep    = int64(time.Second)
	// timelinePoints bounds each series: beyond it, two steps become one.
	timelinePoints = 2000
)

// course draws the run as series of equal steps. It does not know how long the run is,
// so it begins with fine steps and doubles them when they become too many.
type course struct {
	step     int64
	usable   []int // at the end of each step
	attempts []int
	failed   []int
	now      int // usable now
	up       byClient[bool]
}

func newCourse() *course { return &course{step: timelineStep} }

// Add takes a record and what it says of the client's attempts.
func (l *course) Add(rec Record, a attempt) {
	at := l.reach(rec.T)
	if rec.Step == nil {
		return
	}
	if was, is := l.up.at(rec.Step.Client), isUsable(rec.Step.To); is != *was {
		*was = is
		if is {
			l.now++
		} else {
			l.now--
		}
		l.usable[at] = l.now
	}
	if a.began {
		l.attempts[at]++
	}
	if a.ended == attemptFailed {
		l.failed[a.endedOf/l.step]++
	}
}

// reach makes the series long enough for a time and returns its step.
func (l *course) reach(t int64) int {
	for t/l.step >= timelinePoints {
		l.step *= 2
		for i := 0; i < len(l.usable); i += 2 {
			j := min(i+1, len(l.usable)-1)
			l.usable[i/2] = l.usable[j]
			l.attempts[i/2], l.failed[i/2] = l.attempts[i], l.failed[i]
			if j > i {
				l.attempts[i/2] += l.attempts[j]
				l.failed[i/2] += l.failed[j]
			}
		}
		n := (len(l.usable) + 1) / 2
		l.usable, l.attempts, l.failed = l.usable[:n], l.attempts[:n], l.failed[:n]
	}
	for int64(len(l.usable)) <= t/l.step {
		l.usable, l.attempts, l.failed = append(l.usable, l.now), append(l.attempts, 0), append(l.failed, 0)
	}
	return int(t / l.step)
}

// Close returns the series, those of the load with the given intervals; P99 is filled in
// from latency.hlog.
func (l *course) Close(load []loadInterval, duration int64) Timeline {
	step := ackedStep
	for duration/step >= timelinePoints && step < math.MaxInt64/2 {
		step *= 2
	}
	out := Timeline{Step: l.step, Usable: l.usable, Attempts: l.attempts, Failed: l.failed, Acked: []float64{}, AckedStep: step, P99: []int64{}}
	if out.Usable == nil {
		out.Usable, out.Attempts, out.Failed = []int{}, []int{}, []int{}
	}
	var spans []int64
	for _, iv := range load {
		at, ok := middle(iv.from, iv.to, step)
		if !ok {
			continue
		}
		for len(out.Acked) <= at {
			out.Acked, out.P99, spans = append(out.Acked, 0), append(out.P99, -1), append(spans, 0)
		}
		out.Acked[at] += float64(iv.acked)
		spans[at] += iv.to - iv.from
	}
	for i, d := range spans {
		if d > 0 {
			out.Acked[i] /= float64(d) / 1e9
		}
	}
	return out
}

// middle is the step in which the middle of an interval lies: intervals begin and end a
// little before or after whole seconds.
func middle(from, to, step int64) (int, bool) {
	at := (from + (to-from)/2) / step
	return int(at), from >= 0 && to > from && at < timelinePoints
}
