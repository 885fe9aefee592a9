package report

import (
	"fmt"
	"strings"
)

// outages is what the clients were at while they were down: "77.5 client-seconds: backoff
// 85 %, failed 12 %, dial 3 %".
func (t *text) outages() []string {
	o := t.s.Recovery.Outages
	if o == nil || o.Total <= 0 || t.brief {
		return nil
	}
	var parts []string
	for _, p := range o.Parts {
		if p.Share >= 0.001 { // the page has the others, too
			parts = append(parts, p.Name+" "+FormatShare(p.Share))
		}
	}
	return []string{t.Cut(t.Printable(FormatNumber(o.Total)+" client-seconds: "+strings.Join(parts, ", ")), t.room())}
}

// sentence says how far answers fell short.
func (d *Dip) sentence() string {
	back := "not back by the end"
	if d.Back >= 0 {
		back = "back " + FormatDuration(d.Back) + " after the last fault"
	}
	return fmt.Sprintf("answers fell by %s, short for %s, %s; worth %s of outage", FormatShare(d.Depth), FormatDuration(d.Width), back, FormatDuration(nanoseconds(d.Area*1e9)))
}

// balance is how the clients were spread over the endpoints, before and after: "30 %
// elsewhere than before: blue 50 to 20 %; green 50 to 80 %".
func (t *text) balance() []string {
	b := t.s.Balance
	if b == nil || b.Before == 0 && b.After == 0 || t.brief {
		return nil
	}
	before := 0
	for _, e := range b.Endpoints {
		before += e.Before
	}
	var parts []string
	for _, e := range b.Endpoints {
		was := strings.TrimSuffix(FormatShare(shareOf(e.Before, before)), " %")
		parts = append(parts, fmt.Sprintf("%s %s to %s", e.Name, was, FormatShare(shareOf(e.After, b.N))))
	}
	return []string{t.Cut(t.Printable(FormatShare(b.Shift)+" elsewhere than before: "+strings.Join(parts, "; ")), t.room())}
}

// doubtful says that something is to be told: of a fleet that recovered, there is nothing.
func (m *Metastable) doubtful() bool { return m != nil && m.State != "recovered" }

// title is the state in a sentence.
func (m *Metastable) title() string {
	switch m.State {
	case "suspected":
		return "metastable failure suspected: " + m.Why
	case "too early":
		return "too early to tell metastable failure: " + m.Why
	}
	return m.State + ": " + m.Why
}
