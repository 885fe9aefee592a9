package door

import (
	"net/http"

	"github.com/wsheal/wsheal/chaos"
)

// ConnLimit turns callers away that are too many.
type ConnLimit struct{ chaos.ConnLimit }

// Stage is where they are told.
func (r ConnLimit) Stage() Stage {
	if r.How() == chaos.OverRefuse || r.How() == chaos.OverHang {
		return Accepted
	}
	return Asked
}

// Receive turns the caller away that is one too many.
func (r ConnLimit) Receive(c *Caller) bool {
	if !c.TooMany(int(r.Max)) {
		return true
	}
	const counter = "turned_away"
	switch r.How() {
	case chaos.OverRefuse:
		return !c.Act(counter, c.reset)
	case chaos.OverHang:
		if !c.kept(counter) {
			return true
		}
		c.hang()
		return false
	case chaos.Over1013:
		if key := c.key(); key != "" {
			return !c.dismiss(counter, append(switching(key), CloseFrame(1013, "")...))
		}
	}
	return !c.dismiss(counter, page(http.StatusServiceUnavailable, "too many connections"))
}
