package report

import (
	"cmp"
	"math"
	"slices"
)

// SurvivalPoint is the Kaplan-Meier estimate of the share of outages that last longer than
// T, with its 95 % interval (Greenwood's variance, on the log-log scale).
type SurvivalPoint struct {
	T      int64   `json:"t"`    // ns since the loss
	Down   float64 `json:"down"` // share still down after T
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	AtRisk int     `json:"at_risk"` // outages known to last until T
}

// survive estimates how long outages last, those that were not over being known only to
// have lasted until then: they are at risk up to that moment, and then neither healed nor
// unhealed. (Kaplan and Meier, 1958. Heals come before ends of observation at the same
// time.) Points are those at which somebody healed.
func survive(samples []sample) []SurvivalPoint {
	type span struct { // no more of a sample than this needs: there may be many
		lasted int64
		healed bool
	}
	order := make([]span, len(samples))
	for i := range samples {
		order[i] = span{max(0, samples[i].to-samples[i].from), samples[i].healed}
	}
	slices.SortFunc(order, func(a, b span) int { return cmp.Compare(a.lasted, b.lasted) })
	out := []SurvivalPoint{}
	down, greenwood := 1., 0.
	for i := 0; i < len(order); {
		t, atRisk, healed := order[i].lasted, len(order)-i, 0
		for ; i < len(order) && order[i].lasted == t; i++ {
			if order[i].healed {
				healed++
			}
		}
		if healed == 0 {
			continue
		}
		down *= float64(atRisk-healed) / float64(atRisk)
		p := SurvivalPoint{T: t, Down: down, AtRisk: atRisk}
		if atRisk > healed {
			greenwood += float64(healed) / (float64(atRisk) * float64(atRisk-healed))
			p.Low, p.High = logLog(down, greenwood)
		}
		out = append(out, p)
	}
	return out
}

// logLog is the 95 % interval of a survival of 0 < s < 1 with Greenwood's sum g.
func logLog(s, g float64) (low, high float64) {
	width := 1.959964 * math.Sqrt(g) / math.Abs(math.Log(s))
	return math.Pow(s, math.Exp(width)), math.Pow(s, math.Exp(-width))
}

// healedBy is the shortest time by which a share of the outages is estimated to be over;
// -1 when the estimate does not come to it.
func healedBy(points []SurvivalPoint, share float64) int64 {
	for _, p := range points {
		if 1-p.Down >= share-1e-9 {
			return p.T
		}
	}
	return -1
}

// thin keeps at most curvePoints of the points, the last among them.
func thin(points []SurvivalPoint) []SurvivalPoint {
	step := (len(points) + curvePoints - 1) / curvePoints
	if step <= 1 {
		return points
	}
	out := points[:0:0]
	for i, p := range points {
		if (i+1)%step == 0 || i == len(points)-1 {
			out = append(out, p)
		}
	}
	return out
}
