package report

import (
	"cmp"
	"slices"
)

// trackMost bounds how many stretches of one outage are told; those after it are one,
// which is not told apart.
const trackMost = 64

// Stretch is what a client was at in a part of its outage, up to the next stretch or the
// outage's end. Of the stretches with the same name the times sum to Outage.Parts.
type Stretch struct {
	From  int64  `json:"from"`            // ns since the run's start
	What  string `json:"what"`            // the part's name; "": not told apart
	Cause string `json:"cause,omitempty"` // of the loss or failure with which it began
}

// track is the stretches of one outage as they follow each other.
type track []turn

type turn struct {
	from  int64
	is    part // partCount: not told apart
	cause string
}

// turn notes what the client is at from now on.
func (k *track) turn(t int64, is part, cause string) {
	switch n := len(*k); {
	case n > 0 && (*k)[n-1].is == is && cause == "" || n > trackMost:
		return
	case n == trackMost:
		is, cause = partCount, ""
	case n == 0:
		*k = make(track, 0, 8)
	}
	*k = append(*k, turn{t, is, cause})
}

// became says better what the client has been at of late.
func (k track) became(is part) {
	if n := len(k); n > 0 && k[n-1].is == dialling {
		k[n-1].is = is
	}
}

// inVain turns attempts into those that did not bring the client back for good.
func (k track) inVain() {
	for i := range k {
		if k[i].is >= connecting && k[i].is <= proving {
			k[i].is = failing
		}
	}
}

// strip is an outage as a row of stretches, given when its fault was confirmed.
func (s *sample) strip() []Stretch {
	var out []Stretch
	if d := s.parts[detecting]; d > 0 {
		out = append(out, Stretch{From: s.from - d, What: partNames[detecting].name})
	}
	for _, x := range s.track {
		if s.healed && x.from >= s.to {
			break // usable for good
		}
		y := Stretch{From: x.from, Cause: x.cause}
		if x.is < partCount {
			y.What = partNames[x.is].name
		}
		if n := len(out); n > 0 && out[n-1].What == y.What && y.Cause == "" {
			continue // the dial and the proof of one attempt that was in vain
		}
		out = append(out, y)
	}
	return out
}

// forget lets go of the tracks of outages that are not among the slowest of their fault.
func (r *recovery) forget() {
	slices.SortStableFunc(r.tracked, func(i, j int) int {
		a, b := &r.samples[i], &r.samples[j]
		if c := cmp.Compare(a.fault, b.fault); c != 0 || a.healed == b.healed {
			return cmp.Or(c, cmp.Compare(b.to, a.to), cmp.Compare(a.client, b.client))
		}
		if b.healed {
			return -1
		}
		return 1
	})
	kept, fault, n := r.tracked[:0], "", 0
	for _, i := range r.tracked {
		if r.samples[i].fault != fault {
			fault, n = r.samples[i].fault, 0
		}
		if n++; n <= 2*slowestMost {
			kept = append(kept, i)
			continue
		}
		r.samples[i].track = nil
	}
	r.tracked = kept
	r.forgetAt = max(1024, 2*len(kept))
}
