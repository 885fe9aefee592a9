package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wsheal/wsheal/report"
)

// pairing is two arms side by side.
type pairing struct {
	by      string // "seed" or "order"
	pairs   []matched
	dropped []string // why runs are not in it, one sentence each
	left    int      // runs without a partner
}

// matched is one pair; again is the run of the second old arm, nil where there is none.
type matched struct {
	old, now Run
	again    *Run
}

// match pairs two arms, and with them the second arm of the old. It drops pairs of which
// one run proves nothing.
func match(now, old, again []Run) pairing {
	byStart := func(a, b Run) int { return cmp.Or(cmp.Compare(a.Started, b.Started), cmp.Compare(a.Name, b.Name)) }
	now, old, again = slices.SortedFunc(slices.Values(now), byStart), slices.SortedFunc(slices.Values(old), byStart), slices.SortedFunc(slices.Values(again), byStart)
	p := pairing{by: "order"}
	var raw []matched
	if a, b := bySeed(now), bySeed(old); a != nil && b != nil && common(a, b) == min(len(a), len(b)) {
		p.by = "seed"
		third := bySeed(again)
		for _, r := range old {
			if n, ok := a[r.Seed]; ok {
				m := matched{old: r, now: n}
				if t, ok := third[r.Seed]; ok {
					m.again = &t
				}
				raw = append(raw, m)
			}
		}
	} else {
		for i := range min(len(now), len(old)) {
			m := matched{old: old[i], now: now[i]}
			if i < len(again) {
				m.again = &again[i]
			}
			raw = append(raw, m)
		}
	}
	p.left = len(now) + len(old) - 2*len(raw)
	for _, m := range raw {
		if bad, ok := unproven(m.old, m.now); ok {
			p.dropped = append(p.dropped, fmt.Sprintf("%s is %s: %s", bad.Name, bad.Verdict, bad.Why))
			continue
		}
		if m.again != nil && !m.again.proves() {
			m.again = nil
		}
		p.pairs = append(p.pairs, m)
	}
	return p
}

func unproven(runs ...Run) (Run, bool) {
	for _, r := range runs {
		if !r.proves() {
			return r, true
		}
	}
	return Run{}, false
}

// bySeed maps an arm by its seeds; nil where two runs have the same one.
func bySeed(arm []Run) map[uint64]Run {
	out := map[uint64]Run{}
	for _, r := range arm {
		if _, twice := out[r.Seed]; twice {
			return nil
		}
		out[r.Seed] = r
	}
	return out
}

func common(a, b map[uint64]Run) (n int) {
	for seed := range a {
		if _, ok := b[seed]; ok {
			n++
		}
	}
	return n
}

// doubts lists what may differ between the arms besides what is compared.
func (p pairing) doubts(now, old []Run) []string {
	out := []string{}
	if p.left > 0 {
		out = append(out, fmt.Sprintf("%s had no partner", plural(p.left, "run")))
	}
	if len(p.dropped) > 0 {
		out = append(out, fmt.Sprintf("%s left out: %s", plural(len(p.dropped), "pair"), p.dropped[0]))
	}
	if a, b := now[0].Host, old[0].Host; a != b {
		out = append(out, fmt.Sprintf("the arms ran on different hosts, %s and %s: what differs between them is in the change", a, b))
	}
	if apart(now, old) || apart(old, now) {
		out = append(out, "all of one arm ran before all of the other: what changed on the machine meanwhile is in the change (wsheal run --against takes turns)")
	}
	return out
}

// apart says whether every run of one arm began before any of the other.
func apart(first, second []Run) bool {
	last := slices.MaxFunc(first, func(a, b Run) int { return cmp.Compare(a.Started, b.Started) }).Started
	next := slices.MinFunc(second, func(a, b Run) int { return cmp.Compare(a.Started, b.Started) }).Started
	return len(first) > 1 && len(second) > 1 && last != "" && last < next
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return report.FormatCount(int64(n)) + " " + noun + "s"
}
