package policies

import (
	"cmp"
	"errors"
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
	policy   Policy
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
	d.policy.Client.Name = d.defaultName(based, len(own) > 0)
	for _, pair := range own {
		switch key := textOf(pair.Key); key {
		case "name":
			name := d.text(pair, key)
			if d.policy.Client.Name = name; !d.wrong[key] && !namePattern.MatchString(name) {
				d.mistake(pair.Value, key, "expected a letter, then letters, digits and . _ + -, got %q", name)
			}
		case "about":
			d.about = d.text(pair, key)
		case "rules":
			d.rules(pair.Value)
		default:
			d.value(pair, key)
		}
	}
	if !based {
		d.missing()
	}
	d.follows()
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
		return d.policy.Client.Name + "+changes"
	}
	return d.policy.Client.Name
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
	case fields[i].list && k == list:
		d.listed(pair.Value, path, fields[i])
	case k != scalar || fields[i].list:
		d.mistake(pair.Value, path, "expected %s, got %s", fields[i].want, k)
	case !fields[i].set(&d.policy, textOf(pair.Value)):
		d.mistake(pair.Value, path, "expected %s, got %q", fields[i].want, textOf(pair.Value))
	}
}

// listed reads a list of single values.
func (d *document) listed(value ast.Node, path string, f field) {
	var texts []string
	for i, item := range items(value) {
		at := fmt.Sprintf("%s.%d", path, i)
		d.lines[at] = lineOf(item)
		if k := kindOf(item); k != scalar {
			d.mistake(item, path, "expected %s, got %s in it", f.want, k)
			return
		}
		texts = append(texts, textOf(item))
	}
	if text := strings.Join(texts, ", "); !f.set(&d.policy, text) {
		d.mistake(value, path, "expected %s, got [%s]", f.want, text)
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

// missing fills in what stands for fields that are not written and have no base, and
// complains where nothing does.
func (d *document) missing() {
	for _, f := range fields {
		group, _, _ := strings.Cut(f.path, ".")
		_, written := d.lines[f.path]
		switch {
		case written || d.wrong[group] || f.preset == unset:
		case slices.Contains(steps, f.path) && d.lines[stepTable.path] > 0:
		case f.preset != "":
			f.set(&d.policy, f.preset)
		default:
			d.mistakeAt(d.lines[""], f.path, "expected %s, or a base that has it, got nothing", f.want)
		}
	}
}

// follows lets a bound that only the base has follow the value that it bounds: whoever
// shortens ping.timeout need not know of ping.timeout_min.
func (d *document) follows() {
	d.oneWay()
	p := &d.policy.Client
	if _, written := d.lines["ping.timeout_min"]; !written && p.PingTimeoutMin > p.PingTimeout {
		p.PingTimeoutMin = p.PingTimeout
	}
}

// faults complains about values that are well written and cannot work.
func (d *document) faults() {
	faults := d.policy.Client.Faults()
	for _, err := range d.policy.Shared.Faults() {
		if f, ok := errors.AsType[heal.Fault](err); ok {
			faults = append(faults, f)
		}
	}
	for _, f := range faults {
		if line, ok := d.blame(f.Field); ok {
			d.mistakeAt(line, f.Field, "expected %s, got %s", f.Want, f.Got)
		}
	}
}

// blame is the line on which a field, or the group that it is of, is written; the
// document's when neither is. It is false when one of them has been complained about.
func (d *document) blame(path string) (line int, ok bool) {
	line = d.lines[""]
	for end := 0; end < len(path); {
		if next := strings.IndexByte(path[end+1:], '.'); next < 0 {
			end = len(path)
		} else {
			end += 1 + next
		}
		if d.wrong[path[:end]] {
			return 0, false
		}
		if at, written := d.lines[path[:end]]; written {
			line = at
		}
	}
	return line, true
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
	if i := slices.Index(keys, "shared"); group == "" && i >= 0 { // the one field that is a list
		keys = slices.Insert(keys, i, "rules")
	}
	return keys
}
