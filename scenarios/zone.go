package scenarios

import (
	"slices"
	"strings"

	"github.com/wsheal/wsheal/chaos"
)

// zoneParts are the parts of a zone's failure: one for each of its targets, with what
// carries it out.
func (r *resolver) zoneParts(z chaos.Zone, f chaos.Fault, v view) ([]chaos.Fault, bool) {
	var parts []chaos.Fault
	var zones []string
	kind, _ := chaos.Lookup(z.By())
	for _, t := range r.s.Targets {
		if t.Zone != "" {
			zones = append(zones, t.Zone)
		}
		if t.Zone != z.Zone {
			continue
		}
		part := z.Part(f, t.Name)
		var why string
		if part.By, why = r.firstAble(part, kind); why != "" {
			v.complain("how", "%s", why)
			return nil, false
		}
		parts = append(parts, part)
	}
	slices.Sort(zones)
	switch zones = slices.Compact(zones); {
	case len(parts) > 0:
		return parts, true
	case len(zones) == 0:
		v.complain("zone", "expected targets in zone %s (targets.NAME.zone), no target has a zone", shown(z.Zone))
	default:
		v.complain("zone", "no target is in zone %s; zones are %s", shown(z.Zone), strings.Join(zones, ", "))
	}
	return nil, false
}
