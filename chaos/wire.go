package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// EncodeEffect returns an effect's attributes as a JSON object, durations as integer
// nanoseconds.
func EncodeEffect(e Effect) (json.RawMessage, error) {
	if e == nil {
		return nil, errors.New("encode effect: there is none")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Kind(), err)
	}
	return b, nil
}

// DecodeEffect reads what EncodeEffect wrote and returns the effect as a value, its
// defaults filled in. It is strict: an unknown kind, an unknown attribute and an
// attribute that Check refuses are errors that say what was expected.
//
// Toxiproxy's own form of latency, {"latency": ms, "jitter": ms}, is read too; the
// attribute "latency" in place of "delay" tells it apart.
func DecodeEffect(kind string, attributes json.RawMessage) (Effect, error) {
	k, ok := Lookup(kind)
	if !ok {
		return nil, unknownKind(kind)
	}
	if len(bytes.TrimSpace(attributes)) == 0 {
		attributes = json.RawMessage("{}")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(attributes, &fields); err != nil {
		return nil, fmt.Errorf("%s: attributes: %w", kind, err)
	}
	if _, stock := fields["latency"]; stock && kind == (Latency{}).Kind() {
		if err := fromMilliseconds(fields); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	e := k.New()
	// The JSON decoder matches names in any case; an attribute is its exact name.
	for name, value := range fields {
		if !slices.ContainsFunc(k.Params, func(p Param) bool { return p.Name == name }) {
			return nil, fmt.Errorf("%s: unknown attribute %q, expected %s", kind, name, k.attributes())
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil {
			return nil, fmt.Errorf("%s: attribute %q: %w", kind, name, err)
		}
		if err := json.Unmarshal(one, e); err != nil {
			return nil, fmt.Errorf("%s: attribute %q: %w", kind, name, err)
		}
	}
	if bad := e.Check(); len(bad) > 0 {
		return nil, fmt.Errorf("%s: %s", kind, strings.Join(bad, "; "))
	}
	return Value(e), nil
}

// Value returns the effect that e points to, or e itself when it is no pointer, so that
// a type switch needs one case per kind.
func Value(e Effect) Effect {
	if v := reflect.ValueOf(e); v.Kind() == reflect.Pointer && !v.IsNil() {
		if plain, ok := v.Elem().Interface().(Effect); ok {
			return plain
		}
	}
	return e
}

// attributes lists the names of a kind's attributes, in words.
func (k Kind) attributes() string {
	if len(k.Params) == 0 {
		return "none"
	}
	var names []string
	for _, p := range k.Params {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// fromMilliseconds turns Toxiproxy's latency attributes into ours, in place.
func fromMilliseconds(fields map[string]json.RawMessage) error {
	if _, twice := fields["delay"]; twice {
		return errors.New("both delay (ns) and latency (ms) are given")
	}
	for from, to := range map[string]string{"latency": "delay", "jitter": "jitter"} {
		raw, ok := fields[from]
		if !ok {
			continue
		}
		var ms int64
		if err := json.Unmarshal(raw, &ms); err != nil {
			return fmt.Errorf("attribute %q: expected whole milliseconds: %w", from, err)
		}
		if limit := int64(1<<63-1) / int64(time.Millisecond); ms > limit || ms < -limit {
			return fmt.Errorf("attribute %q: %d ms is out of range", from, ms)
		}
		delete(fields, from)
		fields[to] = json.RawMessage(fmt.Sprint(ms * int64(time.Millisecond)))
	}
	return nil
}
