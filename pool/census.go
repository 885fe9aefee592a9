package pool

import "github.com/wsheal/wsheal/pool/heal"

// census is how many slots stand how, so that nobody has to look at all of them who wants to
// know: to ask thousands of slots whenever one of them was back took a fifth of the CPU time
// of coming back after a reset of all (bench/cost, reconnect). The pool's mutex guards it.
type census struct {
	own    int // the pool's own that stay
	usable int // those of them that are ready
	gaveUp int // those of them that gave up
	due    int // slots that gave up and are to try again
}

// standing is what a slot counts as.
type standing struct{ own, usable, gaveUp, due bool }

// recount counts a slot anew. It has to follow every change of its phase, its connection or
// its membership.
func (p *Pool) recount(s *slot) {
	var is standing
	if !s.gone {
		is.own = s.counts()
		is.usable = is.own && s.ready()
		is.gaveUp = is.own && s.phase == heal.GaveUp
		is.due = s.phase == heal.GaveUp && !s.restart.IsZero() && !s.retiring
	}
	was := s.standing
	if is == was {
		return
	}
	s.standing = is
	p.census.own += change(was.own, is.own)
	p.census.usable += change(was.usable, is.usable)
	p.census.gaveUp += change(was.gaveUp, is.gaveUp)
	p.census.due += change(was.due, is.due)
}

// change is by how much a count changes.
func change(was, is bool) int {
	switch {
	case was == is:
		return 0
	case is:
		return 1
	}
	return -1
}
