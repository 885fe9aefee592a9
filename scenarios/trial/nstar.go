package trial

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// Law is what decides whether a fleet that lost its server for a moment ever comes back to it:
// a server that accepts eagerly and works in order, also for clients that have left, and
// clients that come all at once and give up after Tau.
//
// About mu·tau of them are served in time. The others leave an entry of work for nobody in each
// tau + Backoff; where that is more than the server can do, nobody is ever served in time:
// the fleet is lost when F = N/mu > 2·tau + Backoff, and N* is the largest that is not.
type Law struct {
	Mu      float64       `json:"mu"`      // handshakes per second
	Tau     time.Duration `json:"tau"`     // handshake timeout of the clients
	Backoff time.Duration `json:"backoff"` // mean delay at the cap
}

// Limit is the longest F that is survived.
func (l Law) Limit() time.Duration { return 2*l.Tau + l.Backoff }

// NStar is the largest fleet that survives.
func (l Law) NStar() float64 { return l.Mu * l.Limit().Seconds() }

// LawOf is the law of a scenario. The error says why there is none.
func LawOf(s *scenarios.Scenario) (Law, error) {
	p := s.Clients.Policy
	if len(s.Targets) != 1 || s.Targets[0].Embedded == nil {
		return Law{}, fmt.Errorf("%s: expected one embedded target", s.Name)
	}
	h := s.Targets[0].Embedded.Handshake
	switch {
	case h.Workers == 0 || h.Cost == 0:
		return Law{}, fmt.Errorf("targets.%s.embedded.handshake: expected workers and cost: without a limit nothing is overrun", s.Targets[0].Name)
	case !h.StaleWork || h.Queue > 0 || h.LIFO:
		return Law{}, fmt.Errorf("targets.%s.embedded.handshake: expected stale_work, no queue and no lifo: the law is of a server that works in order for all that came", s.Targets[0].Name)
	case p.First.Rule == heal.Spread:
		return Law{}, fmt.Errorf("policy %s: expected no first spread: the law is of clients that come all at once", p.Name)
	case s.Clients.Sharing == scenarios.Shared:
		return Law{}, fmt.Errorf("clients.sharing: expected %s", scenarios.Alone)
	}
	b, err := meanAtCap(p.Backoff)
	return Law{Mu: float64(h.Workers) / h.Cost.Seconds(), Tau: p.HandshakeTimeout, Backoff: b}, err
}

// meanAtCap is the mean delay of a policy that has failed often.
func meanAtCap(b heal.Backoff) (time.Duration, error) {
	step := max(b.Cap, b.Base)
	if b.Factor <= 1 {
		step = b.Base
	}
	if n := len(b.Table); n > 0 {
		step = b.Table[n-1]
	}
	switch {
	case b.Jitter == heal.NoJitter:
		return step, nil
	case b.Jitter == heal.Full:
		return step / 2, nil
	case b.Jitter == heal.Equal:
		return step * 3 / 4, nil
	case b.Jitter == heal.Uniform:
		return (b.Base + b.Cap) / 2, nil
	case b.Jitter == heal.Scaled && !b.CapLast:
		return time.Duration(float64(step) * (b.Low + b.High) / 2), nil
	}
	return 0, fmt.Errorf("backoff with jitter %v: expected one whose mean is known: none, full, equal, uniform or scaled", b.Jitter)
}

// Doubtful is between which shares of N* the law does not say who recovers: near it recovery
// takes ever longer.
var Doubtful = [2]float64{0.85, 1.15}

// Point is a size of the fleet that was measured.
type Point struct {
	N         int     `json:"n"`
	Share     float64 `json:"share"` // of N*
	Runs      int     `json:"runs"`
	Recovered int     `json:"recovered"` // of the runs
	Predicted string  `json:"predicted"` // recovers, does not, or doubtful
	Agrees    bool    `json:"agrees"`    // all runs did what was predicted; true where it is doubtful
}

// Search is N* as it was predicted, and as it was measured.
type Search struct {
	Law    Law     `json:"law"`
	NStar  float64 `json:"n_star"`
	Points []Point `json:"points"` // by N
	Low    int     `json:"low"`    // the largest below which all were survived by most runs; 0: none was
	High   int     `json:"high"`   // the least that most runs did not survive; 0: there was none
	Agrees bool    `json:"agrees"`
}

// Verdict is pass where prediction and measurement agree.
func (s Search) Verdict() report.Verdict {
	if s.Agrees {
		return report.Pass
	}
	return report.Fail
}

// firstShares are measured first: two on each side of what is doubtful.
var firstShares = []float64{0.7, 0.84, 1.16, 1.3}

// FirstSizes are the fleets that are measured first.
func (l Law) FirstSizes() (sizes []int) {
	for _, share := range firstShares {
		sizes = append(sizes, int(math.Round(share*l.NStar())))
	}
	return sizes
}

// near ends the bisection: the bounds are so close.
const near = 1.08

// FindNStar measures at the shares of N* about which the law is certain, and then halves what
// lies between what was survived and what was not. Each size is run so often, and most
// of its runs decide on which side it lies, for near N* chance has its say.
func FindNStar(ctx context.Context, law Law, repeats int, recovers func(ctx context.Context, n, round int) (bool, error)) (Search, error) {
	s := Search{Law: law, NStar: law.NStar()}
	measure := func(n int) error {
		p := Point{N: n, Share: float64(n) / s.NStar}
		for p.Runs < repeats {
			back, err := recovers(ctx, n, p.Runs)
			if err != nil {
				return err
			}
			if p.Runs++; back {
				p.Recovered++
			}
		}
		p.predict()
		s.Points = append(s.Points, p)
		return nil
	}
	for _, n := range law.FirstSizes() {
		if err := measure(n); err != nil {
			return s, err
		}
	}
	for s.bound(); s.Low > 0 && s.High > 0 && float64(s.High) > near*float64(s.Low); s.bound() {
		n := (s.Low + s.High) / 2
		if n == s.Low {
			break
		}
		if err := measure(n); err != nil {
			return s, err
		}
	}
	s.Agrees = !slices.ContainsFunc(s.Points, func(p Point) bool { return !p.Agrees })
	return s, nil
}

func (p *Point) predict() {
	switch {
	case p.Share < Doubtful[0]:
		p.Predicted, p.Agrees = "recovers", p.Recovered == p.Runs
	case p.Share > Doubtful[1]:
		p.Predicted, p.Agrees = "does not", p.Recovered == 0
	default:
		p.Predicted, p.Agrees = "doubtful", true
	}
}

// bound sorts the points and finds where they turn.
func (s *Search) bound() {
	slices.SortFunc(s.Points, func(a, b Point) int { return a.N - b.N })
	s.Low, s.High = 0, 0
	for _, p := range s.Points {
		if 2*p.Recovered <= p.Runs {
			s.High = p.N
			return
		}
		s.Low = p.N
	}
}
