package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shape says what a piece of a scenario may look like. One tree of shapes (fields.go)
// drives the strict check, the JSON Schema and the field reference, so that they
// cannot drift apart. Exactly one of its members is set.
type shape struct {
	value    *valueType // a scalar
	fields   []field    // a mapping with these keys
	byName   *shape     // a mapping from names of the author's choice
	optional bool       // with byName: it may be empty
	items    *shape     // a list
	policy   bool       // a name, a file or a mapping that package policies reads

	// With fields: the value of the field named by adds those of its case.
	by    string
	cases []variant
	// With fields: exactly one of these must be there. For the schema alone; resolve
	// has the words for people.
	oneOf []string
}

// field is one key of a mapping.
type field struct {
	name     string
	about    string // one line
	required bool
	preset   string // what stands in when nothing is written, as it would be written
	deduced  string // the same in words, where it depends on other fields
	shape    shape
}

// variant is one case of a mapping whose keys depend on the value of one of them.
type variant struct {
	is     string
	about  string
	fields []field
}

// valueType is a kind of scalar.
type valueType struct {
	words  string                  // "a duration such as 250ms or 8s"
	check  func(text string) error // says what was expected
	schema map[string]any
}

func valueOf(v *valueType) shape { return shape{value: v} }

// typed makes a valueType of a parser and the pattern of what it accepts; number is the
// schema of what it accepts without quotes and letters, nil for nothing.
func typed[T any](words, pattern string, parse func(string) (T, error), number map[string]any) *valueType {
	schema := map[string]any{"type": "string", "pattern": "^(" + pattern + ")$|" + variablePattern}
	if number != nil {
		schema = map[string]any{"anyOf": []any{schema, number}}
	}
	return &valueType{
		words:  words,
		check:  func(text string) error { _, err := parse(text); return err },
		schema: schema,
	}
}

// variablePattern lets a schema pass a value whose text comes from the environment.
const variablePattern = `\$\{`

var (
	durationValue = typed("a duration", `([0-9.]+(ns|us|µs|ms|s|m|h))+|0`, parseDuration, map[string]any{"const": 0})
	rateValue     = typed("a rate", `[0-9.e+]+/(s|min|h)`, parseRate, nil)
	sizeValue     = typed("a size", `[0-9]+(B|KiB|MiB|GiB)?`, parseSize, map[string]any{"type": "integer", "minimum": 0})
	shareValue    = typed("a share", `[0-9.]+%?`, parseShare, map[string]any{"type": "number", "minimum": 0, "maximum": 1})
	momentValue   = typed("a moment", `(`+strings.Join(phaseNames, "|")+`)( *\+ *[0-9a-zµ.]+)?`, parseMoment, nil)
	boolValue     = typed("true or false", `true|false`, parseBool, map[string]any{"type": "boolean"})
	seedValue     = typed("a whole number from 0 to 2^64-1", `[0-9]+`, parseSeed, map[string]any{"type": "integer", "minimum": 0})
	textValue     = &valueType{
		words: "text",
		check: func(text string) error {
			if strings.TrimSpace(text) == "" {
				return expected("text", text)
			}
			return nil
		},
		schema: map[string]any{"type": []any{"string", "number", "boolean"}},
	}
	nameValue = &valueType{
		words: "a name",
		check: func(text string) error {
			if !namePattern.MatchString(text) {
				return expected("a name of letters, digits, - and _", text)
			}
			return nil
		},
		schema: map[string]any{"type": []any{"string", "number"}, "pattern": namePattern.String() + "|" + variablePattern},
	}
)

// hostValue is a name under the top-level domain that is for tests (RFC 6761 6.2), so that
// none on any network is meant by it.
var hostValue = &valueType{
	words: "a name under .test",
	check: func(text string) error {
		if !hostPattern.MatchString(text) {
			return expected("a name under .test such as blue.test, in lower case", text)
		}
		return nil
	},
	schema: map[string]any{"type": "string", "pattern": hostPattern.String() + "|" + variablePattern},
}

var hostPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.test$`)

// namePattern keeps names fit for paths of --set, directories and metric names.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// integer is a whole number from lo to hi.
func integer(lo, hi int) *valueType {
	return &valueType{
		words: fmt.Sprintf("a whole number from %d to %d", lo, hi),
		check: func(text string) error {
			if n, err := strconv.Atoi(text); err != nil || n < lo || n > hi {
				return expected(fmt.Sprintf("a whole number from %d to %d", lo, hi), text)
			}
			return nil
		},
		schema: map[string]any{"anyOf": []any{
			map[string]any{"type": "integer", "minimum": lo, "maximum": hi},
			map[string]any{"type": "string", "pattern": variablePattern},
		}},
	}
}

// choice is one of some words.
func choice(words ...string) *valueType {
	known := make([]any, 0, len(words))
	for _, w := range words {
		known = append(known, w)
		if n, err := strconv.ParseFloat(w, 64); err == nil {
			known = append(known, n)
		}
	}
	return &valueType{
		words: strings.Join(words, ", "),
		check: func(text string) error {
			if slices.Contains(words, text) {
				return nil
			}
			return expected(oneOf(words), text)
		},
		schema: map[string]any{"anyOf": []any{
			map[string]any{"enum": known},
			map[string]any{"type": "string", "pattern": variablePattern},
		}},
	}
}

func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// chosen returns the case that a mapping is of; nil when that is missing or wrong.
func (s *shape) chosen(n *node) *variant {
	if v := n.get(s.by); v != nil {
		for i, c := range s.cases {
			if c.is == v.text {
				return &s.cases[i]
			}
		}
	}
	return nil
}

// keys returns the fields that a mapping of this shape may have, given what it holds.
// Where the field that chooses the case is missing or wrong, those of every case may
// be there, and none must.
func (s *shape) keys(n *node) []field {
	if s.by == "" {
		return s.fields
	}
	if c := s.chosen(n); c != nil {
		return append(slices.Clone(s.fields), c.fields...)
	}
	all := slices.Clone(s.fields)
	for _, c := range s.cases {
		for _, f := range c.fields {
			f.required = false
			all = append(all, f)
		}
	}
	return all
}

// check reports everything about n that does not fit the shape. A mapping of which
// nothing is written becomes an empty one, so that "embedded:" is enough.
func (s *shape) check(n *node, path string, p *problems) {
	switch {
	case p.bad[n]: // said already
	case s.value != nil:
		if n.kind != scalar {
			p.add(n, path, "expected %s, got %s", s.value.words, n.kind)
		} else if err := s.value.check(n.text); err != nil {
			p.add(n, path, "%s", err)
		}
	case s.items != nil:
		if n.kind != list && n.kind != nothing {
			p.add(n, path, "expected a list, got %s", n.kind)
			return
		}
		for i, item := range n.items {
			s.items.check(item, join(path, item.label(i)), p)
		}
	case s.policy:
		if n.kind == list || n.kind == nothing {
			p.add(n, path, "expected a name, a file or a mapping, got %s", n.kind)
		}
	default:
		s.checkMapping(n, path, p)
	}
}

func (s *shape) checkMapping(n *node, path string, p *problems) {
	if n.kind == nothing {
		n.kind = mapping
	}
	if n.kind != mapping {
		p.add(n, path, "expected a mapping, got %s", n.kind)
		return
	}
	known := s.keys(n)
	var names []string
	for _, f := range known {
		if !slices.Contains(names, f.name) {
			names = append(names, f.name)
		}
	}
	first := map[string]int{}
	for _, entry := range n.pairs {
		at := &node{line: entry.line}
		where := join(path, shownKey(entry.key))
		if line, again := first[entry.key]; again {
			p.add(at, where, "expected once; it is already there on line %d", line)
		} else {
			first[entry.key] = entry.line
		}
		if s.byName != nil {
			if !namePattern.MatchString(entry.key) {
				p.add(at, where, "expected a name of letters, digits, - and _, got %s", shown(entry.key))
			}
			s.byName.check(entry.value, where, p)
			continue
		}
		i := slices.IndexFunc(known, func(f field) bool { return f.name == entry.key })
		if i < 0 {
			p.add(at, where, "there is no such field; %s", s.offer(n, entry.key, names))
			continue
		}
		known[i].shape.check(entry.value, where, p)
	}
	for _, f := range known {
		if f.required && n.get(f.name) == nil {
			p.add(n, join(path, f.name), "required: %s", f.about)
		}
	}
}

// offer says which fields there are. Where the case is not known, those of every case may
// be there, and only the ones that all have are listed.
func (s *shape) offer(n *node, key string, names []string) string {
	if s.by == "" || s.chosen(n) != nil || nearest(key, names) != "" {
		return Suggest(key, names, "fields")
	}
	return Suggest(key, names[:len(s.fields)], "fields")
}

func shownKey(key string) string {
	if namePattern.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
