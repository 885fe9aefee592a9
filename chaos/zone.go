package chaos

import (
	"cmp"
	"fmt"
)

// Zone is the failure of all targets of a zone together, as where a rack, a network or a
// site is lost. Each of them has a fault of its own, a part (Fault.Parts).
type Zone struct {
	Zone string `json:"zone" yaml:"zone"` // as the targets have it
	How  string `json:"how" yaml:"how"`   // the kind of each part; default kill
}

// zoneHow are the kinds of the parts that a zone can fail by: those that last, and that
// are of all clients of a target.
const zoneHow = "kill | pause | partition | half_open | refuse | kernel_partition"

// Kind names the fault.
func (Zone) Kind() string { return "zone" }

// Check returns what is wrong with the attributes.
func (z Zone) Check() []string { return inBounds(z) }

// By is the kind of each part, the default filled in.
func (z Zone) By() string { return cmp.Or(z.How, Kill{}.Kind()) }

// String is the attributes in words: "a by kill".
func (z Zone) String() string { return z.Zone + " by " + z.By() }

// Part is what a zone's failure is for one of its targets: the same in everything but what
// breaks it, and where.
func (z Zone) Part(f Fault, on string) Fault {
	k, _ := Lookup(z.By())
	// No fault of a scenario has a dot in its name.
	f.Name, f.On, f.Conns, f.By, f.Parts = f.Name+"."+on, on, k.Conns[0], "", nil
	f.Effect = Value(k.New())
	return f
}

// Targets are the names of those that a fault is on: its own, or those of its parts.
func (f Fault) Targets() []string {
	if len(f.Parts) == 0 {
		return []string{f.On}
	}
	var all []string
	for _, p := range f.Parts {
		all = append(all, p.On)
	}
	return all
}

// Sights are what a client of the cohort sees of a fault: one of these. Of a zone it is
// what one sees of its parts.
func (f Fault) Sights() []Sight {
	name := f.Effect.Kind()
	if z, ok := Value(f.Effect).(Zone); ok {
		name = z.By()
	}
	k, _ := Lookup(name)
	return k.Expect
}

func init() {
	register(Kind{
		Name: "zone", Family: Peer,
		Short: "all targets of a zone fail together",
		About: "Breaks every target of a zone (zone of a target) at once and mends them at once: by kill or pause of their " +
			"processes, by a partition, half_open or refuse in front of them, or by a kernel_partition. Each is a fault of " +
			"its own with the evidence of that kind, and what can carry that out does; a zone has failed only when " +
			"each of them has. Targets of other zones go on, and clients can go there where they have endpoints for it.",
		Params: []Param{
			{Name: "zone", Type: "text", About: "that fails; targets name theirs"},
			{Name: "how", Type: zoneHow, Default: "kill", About: "the kind of fault that each of its targets has"},
		},
		Conns:    []Conns{AllConns},
		Expect:   []Sight{SeesReset, SeesEOF, SeesRefused, SeesHalfOpen, SeesTimeout, SeesStall, SeesSlow},
		Proof:    []Proof{{"failed", "targets of the zone failed"}},
		Backends: []Support{{By: ByParts, Whole: true, Note: "each target's part by what can carry that out"}},
		Evidence: "the part of every target of the zone is confirmed, as its own kind is",
		Example:  "{name: az, inject: zone, zone: a, how: kill, at: chaos, for: 5s}",
		New:      func() Effect { return &Zone{How: "kill"} },
	})
}

// judgeParts says what the evidence of a fault's parts proves: each must be confirmed.
func (e Evidence) judgeParts(ended bool) (State, string) {
	confirmed, idle, worst, why := 0, 0, Confirmed, ""
	for i, p := range e.Parts {
		state, of := p.Evidence.Judge(p.Fault, ended)
		switch state {
		case Confirmed:
			confirmed++
		case NoEffect:
			idle++
		case Unexpected, NotCleared:
			if worst != Unexpected {
				worst = state
			}
		}
		if i > 0 {
			why += "; "
		}
		why += p.Fault.On + " "
		if state != Confirmed {
			why += string(state) + ", "
		}
		why += of
	}
	switch {
	case worst != Confirmed:
	case idle == len(e.Parts):
		worst = NoEffect
	case confirmed < len(e.Parts):
		worst = Partial
	}
	return worst, fmt.Sprintf("%d of %s confirmed: %s", confirmed, count(len(e.Parts), "part"), why)
}
