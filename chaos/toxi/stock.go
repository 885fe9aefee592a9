package toxi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// Toxiproxy's own types of toxics are read as Toxiproxy reads them: times in ms, rates in
// KB of 1000 bytes a second. Where a kind of ours has the same name its attributes are read
// in our units, bytes and ns, when the toxic says so:
//
//	{"type": "bandwidth", "attributes": {"rate": 4}}                     4 KB/s, as in Toxiproxy
//	{"type": "bandwidth", "attributes": {"rate": 4000, "units": "ours"}} the same
//
// The driver always says so. Latency needs none: ours has a delay, Toxiproxy's a latency.
const attrUnits = "units"

// unitsOurs is the one word that attrUnits may have.
const unitsOurs = "ours"

// stockAttributes are those of Toxiproxy's types. It shows all of them, whichever were
// posted, and 0 stands for what was not.
var stockAttributes = map[string][]string{
	"bandwidth": {"rate"}, "latency": {"latency", "jitter"}, "limit_data": {"bytes"}, "reset_peer": {"timeout"},
	"slicer": {"average_size", "size_variation", "delay"}, "slow_close": {"delay"}, "timeout": {"timeout"},
}

// asStock says whether a toxic is to be read as Toxiproxy reads it.
func asStock(kind string, attributes map[string]json.RawMessage) bool {
	_, stocks := stockToxics[kind]
	return stocks && !given(attributes, attrUnits)
}

func given(attributes map[string]json.RawMessage, name string) bool {
	_, ok := attributes[name]
	return ok
}

// showAll adds what a toxic of Toxiproxy's leaves to defaults to what is shown of it.
func showAll(kind string, attributes map[string]json.RawMessage) {
	for _, name := range stockAttributes[kind] {
		if !given(attributes, name) {
			attributes[name] = json.RawMessage("0")
		}
	}
}

// ours takes the word for our units out of the attributes and says whether it was there.
func ours(attributes map[string]json.RawMessage) (bool, error) {
	var word string
	if _, ok := attributes[attrUnits]; !ok {
		return false, nil
	}
	if err := take(attributes, attrUnits, &word); err != nil {
		return false, err
	}
	if word != unitsOurs {
		return false, badRequest(fmt.Sprintf("attribute %q: %q, expected %q or none", attrUnits, word, unitsOurs))
	}
	return true, nil
}

// fields reads whole numbers that are not negative, and refuses every other attribute by
// name. Toxiproxy takes any, and dies of some.
func fields(kind string, attributes map[string]json.RawMessage, into map[string]*int64) error {
	names := slices.Sorted(maps.Keys(into))
	for name := range attributes {
		if _, ok := into[name]; !ok {
			return badRequest(fmt.Sprintf("%s: unknown attribute %q, expected %s", kind, name, strings.Join(names, ", ")))
		}
	}
	for _, name := range names {
		if err := take(attributes, name, into[name]); err != nil {
			return err
		}
		if *into[name] < 0 {
			return badRequest(fmt.Sprintf("%s: attribute %q: %d is below 0", kind, name, *into[name]))
		}
	}
	return nil
}

// milliseconds is a duration that Toxiproxy writes in ms.
func milliseconds(kind, name string, ms int64) (time.Duration, error) {
	const most = int64(1000 * time.Hour / time.Millisecond)
	if ms > most {
		return 0, badRequest(fmt.Sprintf("%s: attribute %q: %d ms is above %d", kind, name, ms, most))
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// wayOr is the direction that a stream names, else Toxiproxy's default.
func wayOr(way chaos.Direction) chaos.Direction {
	if way == "" {
		return chaos.Down
	}
	return way
}
