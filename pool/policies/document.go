package policies

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/wsheal/wsheal/pool/heal"
)

// namePattern keeps names fit for journals, benchmark labels and file names.
var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._+-]*$`)

// document is one mapping of YAML on its way to a policy.
type document struct {
	file     string
	from     []string // the files that led here, this one last
	named    string   // the name when none is written; "": made from the base
	about    string
	policy   heal.Policy
	mistakes Mistakes

	lines    map[string]int  // where a key is written, by its path; "" is the mapping
	wrong    map[string]bool // paths that have been complained about
	baseless bool            // the base could not be read: there is nothing to judge changes by
}

func newDocument(file string, from []string) *document {
	return &document{file: file, from: from, lines: map[string]int{}, wrong: map[string]bool{}}
}

// read fills the policy from a mapping.
func (d *document) read(node ast.Node) {
	d.lines[""] = lineOf(node)
	var own []*ast.MappingValueNode
	for _, pair := range pairs(node) {
		switch key := textOf(pair.Key); {
		case d.repeated(pair, key):
		case key == "base":
			d.base(pair.Value)
		default:
			own = append(own, pair)
		}
	}
	_, based := d.lines["base"]
	d.policy.Name = d.defaultName(based, len(own) > 0)
	for _, pair := range own {
		switch key := textOf(pair.Key); key {
		case "name":
			if d.policy.Name = d.text(pair, key); !d.wrong[key] && !namePattern.MatchString(d.policy.Name) {
				d.mistake(pair.Value, key, "expected a letter, then letters, digits and . _ + -, got %q", d.policy.Name)
			}
		case "about":
			d.about = d.text(pair, key)
		default:
			d.value(pair, key)
		}
	}
	if !based {
		d.missing()
	}
	if !d.baseless {
		d.faults()
	}
	d.sort()
}

// defaultName is that of the file, else that of the base, marked when it was changed.
func (d *document) defaultName(based, changed bool) string {
	switch {
	case d.named != "":
		return d.named
	case !based:
		return "inline"
	case changed:
		return d.policy.Name + "+changes"
	}
	return d.policy.Name
}

// value reads one entry that may be a field or a group of fields.
func (d *document) value(pair *ast.MappingValueNode, path string) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.path == path })
	group := slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.path, path+".") })
	switch k := kindOf(pair.Value); {
	case i < 0 && !group:
		d.mistakeAt(lineOf(pair.Key), path, "expected one of %s", strings.Join(siblings(path), ", "))
	case group && k == mapping && len(pairs(pair.Value)) > 0:
		for _, below := range pairs(pair.Value) {
			if key := path + "." + textOf(below.Key); !d.repeated(below, key) {
				d.value(below, key)
			}
		}
	case i < 0:
		d.mistake(pair.Value, path, "expected {%s}, got %s", strings.Join(siblings(path+"."), ", "), k)
	case k != scalar:
		d.mistake(pair.Value, path, "expected %s, got %s", fields[i].want, k)
	case !fields[i].set(&d.policy, textOf(pair.Value)):
		d.mistake(pair.Value, path, "expected %s, got %q", fields[i].want, textOf(pair.Value))
	}
}

// text reads a value that is any text.
func (d *document) text(pair *ast.MappingValueNode, path string) string {
	if k := kindOf(pair.Value); k != scalar {
		d.mistake(pair.Value, path, "expected text, got %s", k)
		return ""
	}
	return textOf(pair.Value)
}

// repeated notes where a key is written, and complains when it was already.
func (d *document) repeated(pair *ast.MappingValueNode, path string) bool {
	line, twice := d.lines[path]
	if twice {
		d.mistakeAt(lineOf(pair.Key), path, "expected once, got again after line %d", line)
	} else {
		d.lines[path] = lineOf(pair.Key)
	}
	return twice
}

// missing complains about the fields that are not written and have no base.
func (d *document) missing() {
	for _, f := range fields {
		if f.path == "first.spread" { // another way to write first
			continue
		}
		group, _, _ := strings.Cut(f.path, ".")
		if _, written := d.lines[f.path]; !written && !d.wrong[group] {
			d.mistakeAt(d.lines[""], f.path, "expected %s, or a base that has it, got nothing", f.want)
		}
	}
}

// faults complains about values that are well written and cannot work.
func (d *document) faults() {
	for _, f := range d.policy.Faults() {
		group, _, _ := strings.Cut(f.Field, ".")
		if d.wrong[f.Field] || d.wrong[group] {
			continue
		}
		line := d.lines[""]
		for _, path := range []string{group, f.Field} {
			if at, written := d.lines[path]; written {
				line = at
			}
		}
		d.mistakeAt(line, f.Field, "expected %s, got %s", f.Want, f.Got)
	}
}

func (d *document) mistake(node ast.Node, path, format string, args ...any) {
	d.mistakeAt(lineOf(node), path, format, args...)
}

func (d *document) mistakeAt(line int, path, format string, args ...any) {
	d.wrong[path] = true
	d.mistakes = append(d.mistakes, &Mistake{File: d.file, Line: line, Field: path, Want: fmt.Sprintf(format, args...)})
}

// sort puts the document's own mistakes first, by line, then those of the files below.
func (d *document) sort() {
	rank := func(m *Mistake) int {
		if m.File == d.file {
			return m.Line
		}
		return math.MaxInt
	}
	slices.SortStableFunc(d.mistakes, func(a, b *Mistake) int { return cmp.Compare(rank(a), rank(b)) })
}

// siblings are the keys that may stand where path does.
func siblings(path string) []string {
	group := path[:strings.LastIndex(path, ".")+1]
	var keys []string
	if group == "" {
		keys = []string{"name", "about", "base"}
	}
	for _, f := range fields {
		if rest, ok := strings.CutPrefix(f.path, group); ok {
			if key, _, _ := strings.Cut(rest, "."); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
