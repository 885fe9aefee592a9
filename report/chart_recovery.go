package report

import (
	"fmt"
	"slices"
)

// recoveryCurve draws the share of the lost clients that are back over the time since
// the fault was confirmed; what never came back stays below 100 %. It is "" when
// nobody was lost.
func recoveryCurve(s *Summary) string {
	r := s.Recovery
	if r.Lost == 0 || len(r.Curve) == 0 {
		return ""
	}
	hi := max(r.Curve[len(r.Curve)-1].T, r.Confirmed.T100, r.Confirmed.T99, 1)
	if r.Unhealed > 0 {
		hi = max(hi, s.Duration-r.Confirmed.Zero) // for as long as nobody came
	}
	hi += hi / 12
	const top, bottom, height = 26.0, 246.0, 286.0
	x := axis{hi: float64(hi), a: chartLeft, b: chartWidth - chartRight}
	y := axis{hi: 1.04, a: bottom, b: top}

	words := fmt.Sprintf("%s of %s lost clients came back.", FormatCount(int64(r.Healed)), FormatCount(int64(r.Lost)))
	for _, m := range r.Confirmed.levels() {
		words += fmt.Sprintf(" %s: %s.", m.name, r.Confirmed.level(m.after))
	}
	var d drawing
	d.open("recovery-curve", "Recovery curve", words, chartWidth, height)
	d.text(inkTitle, atStart, x.a, 12, "Clients back")
	for _, q := range []float64{0, 0.25, 0.5, 0.75, 0.9, 1} {
		if q > 0 {
			d.line(inkGrid, x.a, y.at(q), x.b, y.at(q))
		}
		d.text(inkSoft, atEnd, x.a-7, y.at(q)+4, FormatShare(q))
	}
	for _, t := range timeTicks(hi, 12) {
		at := x.at(float64(t))
		d.line(inkAxis, at, bottom, at, bottom+5)
		d.text(inkSoft, atMiddle, at, bottom+18, timeLabel(t, hi))
	}
	d.text(inkSoft, atEnd, x.b, height-6, "since confirmed")

	var line, area pen
	line.move(x.a, y.a)
	area.move(x.a, y.a)
	share := 0.0
	k := perColumn(len(r.Curve), columnsMost)
	for i := 0; i < len(r.Curve); i += k {
		p := r.Curve[min(i+k-1, len(r.Curve)-1)]
		at := x.at(float64(p.T))
		for _, v := range []float64{share, p.V} {
			line.to(at, y.at(v))
			area.to(at, y.at(v))
		}
		share = p.V
	}
	line.to(x.b, y.at(share))
	area.to(x.b, y.at(share))
	area.to(x.b, y.a)
	d.path(inkBlueArea, area)
	if from, to := s.floor(); to > from && to <= 4*hi {
		reach := float64(min(to, hi)-from) / float64(to-from)
		d.line(inkReference, x.at(float64(from)), y.a, x.at(float64(min(to, hi))), y.at(reach))
		text := "floor: at " + FormatRate(s.Run.Mu) + " no policy is faster"
		left := x.b - textWidth(text)
		d.text(inkSoft, atStart, left, 12, text)
		d.line(inkReference, left-24, 8, left-5, 8)
	}
	d.path(inkBlueLine, line)
	label := bottom - 8 // t100's, and the others' above it
	for _, m := range slices.Backward(r.Confirmed.levels()) {
		// The marks are of the fleet: they lie on this curve only when all of it was lost,
		// and once. Of several faults each has a zero of its own.
		if m.after <= 0 || len(s.Faults) != 1 || float64(r.Lost) < r.Baseline {
			continue
		}
		at := x.at(float64(m.after))
		d.line(inkCommand, at, y.at(m.share), at, bottom)
		d.dot(inkBlue, at, y.at(m.share), 3.5)
		text := m.name + " " + FormatDuration(m.after)
		if at-6-textWidth(text) > x.a {
			d.text(inkHalo, atEnd, at-6, label, text)
			label -= 18
		}
	}
	d.line(inkAxis, x.a, bottom, x.b, bottom)
	return d.close()
}

// mark is one recovery level.
type mark struct {
	name  string
	share float64
	after int64 // ns; -1: not reached
}

func (m Marks) levels() []mark {
	return []mark{{"t50", 0.5, m.T50}, {"t90", 0.9, m.T90}, {"t99", 0.99, m.T99}, {"t100", 1, m.T100}}
}

// floor is from when to when, since confirmed, the servers' handshake capacity lets the
// lost clients back at best; both 0 where it is not known, and with several faults,
// which have no floor in common.
func (s *Summary) floor() (from, to int64) {
	if s.Run.Mu <= 0 || len(s.Faults) != 1 {
		return 0, 0
	}
	f := s.Faults[0]
	if f.For > 0 && f.Cleared > f.Confirmed { // an instantaneous fault leaves the servers reachable
		from = f.Cleared - f.Confirmed
	}
	return from, from + nanoseconds(float64(s.Recovery.Lost)/s.Run.Mu*1e9)
}
