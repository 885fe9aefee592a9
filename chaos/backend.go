package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Backend is what carries a fault out.
type Backend string

const (
	ByProxy     Backend = "proxy"     // the fault proxy, wsheal proxy
	ByToxiproxy Backend = "toxiproxy" // a stock toxiproxy-server at a URL
	ByTarget    Backend = "target"    // the embedded target misbehaves of its own accord
	ByProcess   Backend = "process"   // signals to the target's process
	ByKernel    Backend = "kernel"    // rules of the kernel; Linux and root
	ByResolver  Backend = "resolver"  // the DNS server of the run
	ByClients   Backend = "clients"   // the clients of the run misbehave
	ByParts     Backend = "parts"     // several of the others at once
)

// Backends are all, in the order in which the matrix has them.
func Backends() []Backend {
	return []Backend{ByProxy, ByToxiproxy, ByTarget, ByProcess, ByKernel, ByResolver, ByClients, ByParts}
}

// Support is how one backend expresses a kind of fault. The zero value but for By
// expresses all of it.
type Support struct {
	By    Backend `json:"by"`
	Conns []Conns `json:"connections,omitempty"` // of the kind's those that it can touch; empty: all of them
	Whole bool    `json:"whole,omitempty"`       // it cannot pick clients: the share is 100 %
	Note  string  `json:"note,omitempty"`        // how the effect differs there, one sentence
	// Lacks returns what of a fault's attributes it cannot express, "" for nothing.
	Lacks func(Fault) string `json:"-"`
}

// By returns how a backend expresses the kind.
func (k Kind) By(b Backend) (Support, bool) {
	i := slices.IndexFunc(k.Backends, func(s Support) bool { return s.By == b })
	if i < 0 {
		return Support{}, false
	}
	return k.Backends[i], true
}

// Refusal returns why a backend cannot express a fault, and which could; nil when it can.
// It knows the catalogue alone, not whether the backend is there.
func Refusal(f Fault, by Backend) error {
	why := whyNot(f, by)
	if why == "" {
		return nil
	}
	var could []string
	for _, b := range Backends() {
		if b != by && whyNot(f, b) == "" {
			could = append(could, string(b))
		}
	}
	if len(could) == 0 {
		return errors.New(why)
	}
	return fmt.Errorf("%s; %s could", why, strings.Join(could, ", "))
}

// whyNot is why a backend cannot express a fault, "" when it can.
func whyNot(f Fault, by Backend) string {
	if f.Effect == nil {
		return "it has no effect to put in force"
	}
	k, ok := Lookup(f.Effect.Kind())
	if !ok {
		return fmt.Sprintf("unknown fault %q", f.Effect.Kind())
	}
	s, ok := k.By(by)
	if !ok {
		return fmt.Sprintf("%s cannot express %s", by, k.Name)
	}
	conns := f.connsOr(k)
	switch {
	case !slices.Contains(k.Conns, conns):
		return fmt.Sprintf("%s touches %s connections, not %s", k.Name, wordsOf(k.Conns), conns)
	case len(s.Conns) > 0 && !slices.Contains(s.Conns, conns):
		return fmt.Sprintf("%s cannot express %s of %s connections, only of %s", by, k.Name, conns, wordsOf(s.Conns))
	case s.Whole && f.Share < 1:
		return fmt.Sprintf("%s cannot pick clients: its %s is of all of them", by, k.Name)
	case f.Flap.On() && k.OnceOf(conns):
		return k.Name + " happens once and is over: it cannot flap"
	case f.Flap.On() && by != ByProxy:
		return string(by) + " cannot let a fault flap"
	case f.Ramp > 0 && !k.Ramp:
		return k.Name + " cannot be ramped"
	case s.Lacks != nil:
		if what := s.Lacks(f); what != "" {
			return fmt.Sprintf("%s cannot express %s with %s", by, k.Name, what)
		}
	}
	return ""
}

func wordsOf[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, " or ")
}

// noRamp is a Lacks of what cannot let a cohort grow.
func noRamp(f Fault) string {
	if f.Ramp > 0 {
		return "a ramp"
	}
	return ""
}

// Partly says whether the backend expresses only some of what the kind can be: of all that
// any backend could pick, this one cannot.
func (k Kind) Partly(s Support) bool {
	picked := slices.ContainsFunc(k.Backends, func(o Support) bool { return !o.Whole })
	return len(s.Conns) > 0 && len(s.Conns) < len(k.Conns) || s.Whole && picked || s.Lacks != nil
}
