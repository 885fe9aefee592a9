package chaos

import (
	"fmt"
	"slices"
)

// firstCanary is where the numbers of canaries begin: far above those of a fleet, and
// below those of clients that do not say who they are.
const firstCanary, lastCanary = 1 << 40, 1<<63 - 1

// IsCanary says whether a client is a canary: one that no fleet has, sent to see what a
// fault does. Faults act on it as on any other, and count neither it among those that they
// were to hit nor what they do to it.
func IsCanary(client uint64) bool { return client >= firstCanary && client <= lastCanary }

// CanaryFor returns the number of a canary that the one fault touches, or does not, and
// that none of the others touches, where there is such a number; false when there is none.
func CanaryFor(f Fault, in bool, others []Fault) (uint64, bool) {
	touched := func(f Fault, client uint64) bool { return InCohort(f.Seed, f.Name, client, f.Share) }
	for client := uint64(firstCanary); client < firstCanary+1<<16; client++ {
		if touched(f, client) == in && !slices.ContainsFunc(others, func(o Fault) bool { return touched(o, client) }) {
			return client, true
		}
	}
	return 0, false
}

// Canary is what two canaries saw of a fault: one of its cohort, and one outside it, which
// nobody sends where there is no client outside. Each sight is there once.
type Canary struct {
	Cohort  []Sight
	Outside []Sight
	Sent    bool // there was one outside
}

// CanaryTells are the sights that a canary can have: it sends, and waits for the echo.
func CanaryTells(s Sight) bool { return s.Ends() || s == SeesSlow }

// Judge weighs what the counters have proved against what the canaries saw, which must be
// one of expect and nothing else that ends a connection. It only ever takes from what was
// confirmed.
func (c Canary) Judge(expect []Sight, k Kind, state State, why string) (State, string) {
	if state != Confirmed {
		return state, why
	}
	ends := func(s Sight) bool { return s.Ends() }
	wrong := func(s Sight) bool { return s.Ends() && !slices.Contains(k.Expect, s) }
	as := func(s Sight) bool { return slices.Contains(expect, s) }
	switch {
	case slices.ContainsFunc(c.Outside, ends):
		return Unexpected, fmt.Sprintf("the canary outside its cohort saw %s (%s)", listed(c.Outside), why)
	case slices.ContainsFunc(c.Cohort, wrong):
		return Unexpected, fmt.Sprintf("the canary of its cohort saw %s, expected %s (%s)", listed(c.Cohort), wordsOf(expect), why)
	case !slices.ContainsFunc(c.Cohort, as):
		return NoEffect, fmt.Sprintf("the canary of its cohort saw %s, expected %s (%s)", listed(c.Cohort), wordsOf(expect), why)
	case !c.Sent:
		return state, fmt.Sprintf("%s; a canary saw %s", why, listed(c.Cohort))
	}
	return state, fmt.Sprintf("%s; a canary of its cohort saw %s, one outside it nothing", why, listed(c.Cohort))
}

// listed are sights in words.
func listed(all []Sight) string {
	if len(all) == 0 {
		return string(SeesNothing)
	}
	words := ""
	for i, s := range all {
		if i > 0 {
			words += ", "
		}
		words += string(s)
	}
	return words
}
