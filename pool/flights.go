package pool

// flights are those that were given to a slot and are not done with, in the order in which
// they were. They are a list through the flights themselves, because a map took a twentieth of
// the CPU time of bursts (bench/cost, burst). The zero value is empty.
type flights struct {
	first, last *flight
	n           int
}

func (l *flights) add(f *flight) {
	if f.before = l.last; l.last != nil {
		l.last.behind = f
	} else {
		l.first = f
	}
	l.last = f
	l.n++
}

func (l *flights) remove(f *flight) {
	if f.before != nil {
		f.before.behind = f.behind
	} else {
		l.first = f.behind
	}
	if f.behind != nil {
		f.behind.before = f.before
	} else {
		l.last = f.before
	}
	f.before, f.behind = nil, nil
	l.n--
}

// all are the flights; the one at hand may be removed.
func (l *flights) all(yield func(*flight) bool) {
	for f := l.first; f != nil; {
		next := f.behind
		if !yield(f) {
			return
		}
		f = next
	}
}
