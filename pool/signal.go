package pool

// signal wakes everyone who waits for a change. Its owner's mutex guards it; the zero
// value is ready.
type signal struct{ c chan struct{} }

// wait returns what is closed at the next change.
func (s *signal) wait() <-chan struct{} {
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

// all wakes those who wait; it costs nothing when nobody does.
func (s *signal) all() {
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
