package chaos

import (
	"fmt"
	"slices"
	"strings"
)

// Kind describes one kind of fault, for listing, for decoding and for the docs.
type Kind struct {
	Name     string   // as a scenario writes it after inject
	About    string   // what it does and what surprises, in sentences
	Params   []Param  // its attributes
	Backends []string // that can express it
	Evidence string   // what must have been counted for it to be confirmed
	Example  string   // one YAML item of a scenario's faults
	// New returns a pointer to a new effect with its defaults set, to decode into.
	New func() Effect
}

// Param is one attribute of a kind.
type Param struct {
	Name    string
	Type    string // in words: "duration", "both | up | down"
	Default string // as written; empty: it must be given
	About   string
}

var kinds = map[string]Kind{}

// register adds a kind; each fault's file calls it once, from init.
func register(k Kind) {
	if _, taken := kinds[k.Name]; taken {
		panic("chaos: two kinds of fault are named " + k.Name)
	}
	kinds[k.Name] = k
}

// Kinds returns every kind of fault, by name.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return all
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
