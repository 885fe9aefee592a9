package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is one row of the catalogue. Listing, help, the format of scenarios, its schema,
// the decoding of the wire and the judging of evidence all read it, and nothing else.
type Kind struct {
	Name    string  `json:"name"` // as a scenario writes it after inject
	Family  Family  `json:"family"`
	Short   string  `json:"short"`       // its meaning, on one line of a list
	About   string  `json:"about"`       // what it does and what surprises, in sentences
	Params  []Param `json:"params"`      // its attributes, in the order of the effect's fields
	Conns   []Conns `json:"connections"` // which it can be limited to; the first is the default
	Once    bool    `json:"once"`        // of existing connections it happens and is over; else it is in force for a time
	Ramp    bool    `json:"ramp"`        // its cohort can grow over a time
	Expect  []Sight `json:"expect"`      // what a client of the cohort sees: one of these
	Proof   []Proof `json:"proof"`       // counters that must all have moved for it to be confirmed
	Reach   float64 `json:"reach"`       // the part of the targeted clients that must have been hit; 0: nobody can tell whom it hits, its Proof decides
	Example string  `json:"example"`     // one YAML item of a scenario's faults

	Evidence string    `json:"evidence"` // what confirms it, in a sentence
	Backends []Support `json:"backends"` // that express it; the first that is there is the default

	// Did says in words what was done; nil: the counters of Proof with their words.
	Did func(Evidence) string `json:"-"`
	// New returns a pointer to a new effect with its defaults set, to decode into.
	New func() Effect `json:"-"`
}

// mostReach is the Reach of what acts on traffic: a client that neither sends nor receives
// while the fault is in force proves nothing.
const mostReach = 0.95

// anyReach is the Reach of what acts on few by its nature, and of which nobody can tell how
// many these must be: one is enough.
const anyReach = 1e-9

// Param is one attribute of a kind.
type Param struct {
	Name string `json:"name"`
	// Type is duration, share, rate, size, integer, boolean, text, or the words that can
	// stand there: "both | up | down".
	Type    string `json:"type"`
	Default string `json:"default"` // as a scenario writes it; empty: it must be given
	// Min and Max bound a number, in the unit of the wire (Unit); both 0: not bounded but
	// by the type. Max 0: not bounded above.
	Min   float64 `json:"min,omitempty"`
	Max   float64 `json:"max,omitempty"`
	About string  `json:"about"`
}

// Unit is what a number stands for on the wire, in JSON: "ns", "bytes", "per second",
// "part of 1", "count", or "" for what is no number.
func (p Param) Unit() string {
	return map[string]string{
		"duration": "ns", "size": "bytes", "rate": "per second", "share": "part of 1", "integer": "count",
	}[p.Type]
}

// Proof is a counter that must have moved (Evidence.Count), and what it counts: the
// words that follow its number.
type Proof struct {
	Counter string `json:"counter"`
	Words   string `json:"words"`
}

// OnceOf says whether the kind happens and is over, of those connections. What is of new
// ones, too, is in force for a time, as those are yet to come.
func (k Kind) OnceOf(c Conns) bool { return k.Once && (c == "" || c == Existing) }

// Directions are those that the kind can be limited to, the default first; none for a
// kind that has no direction.
func (k Kind) Directions() []Direction {
	for _, p := range k.Params {
		if p.Name != "direction" {
			continue
		}
		out := []Direction{Direction(p.Default)}
		for word := range strings.SplitSeq(p.Type, " | ") {
			if word != p.Default {
				out = append(out, Direction(word))
			}
		}
		return out
	}
	return nil
}

var kinds = map[string]Kind{}

// register adds a kind; each fault's file calls it once, from init.
func register(k Kind) {
	if _, taken := kinds[k.Name]; taken {
		panic("chaos: two kinds of fault are named " + k.Name)
	}
	kinds[k.Name] = k
}

// Kinds returns every kind of fault: by family, then by name.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k)
	}
	rank := func(k Kind) int { return slices.Index(Families(), k.Family) }
	slices.SortFunc(all, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Name, b.Name))
	})
	return all
}

// KindsOf returns the kinds that a backend can express, in the order of Kinds.
func KindsOf(by Backend) []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { _, ok := k.By(by); return !ok })
}

// Lookup returns the kind of a name.
func Lookup(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

// unknownKind is the error for a name that no kind has.
func unknownKind(name string) error {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return fmt.Errorf("unknown fault %q, expected one of %s", name, strings.Join(names, ", "))
}
