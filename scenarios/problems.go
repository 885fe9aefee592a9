package scenarios

import "fmt"

// problems collects mistakes while a tree is read.
type problems struct {
	file string
	args []string // Options.Set
	list Mistakes
	bad  map[*node]bool // what has been complained about; its value is not to be used
}

// add records a mistake at a node.
func (p *problems) add(n *node, field, format string, args ...any) {
	p.bad[n] = true
	p.addAt(n.line, field, fmt.Sprintf(format, args...))
}

// addAt records a mistake at a line, which may stand for an argument.
func (p *problems) addAt(line int, field, want string) {
	m := Mistake{File: p.file, Line: line, Field: field, Want: want}
	if line < 0 {
		m.File, m.Line = "--set "+p.args[-1-line], 0
	}
	p.list = append(p.list, m)
}

// view reads a checked mapping through its shape: what is not written has its preset,
// and what is wrong is told from what is there.
type view struct {
	*problems
	node  *node
	shape *shape
	path  string
}

// field returns the table's entry for a name. Reading what the table does not have is
// a mistake of this package.
func (v view) field(name string) field {
	for _, f := range v.shape.keys(v.node) {
		if f.name == name {
			return f
		}
	}
	panic("scenarios: the format has no field " + join(v.path, name))
}

// written says whether the field is there at all.
func (v view) written(name string) bool { return v.node.get(name) != nil }

// wrong says whether the field has been complained about.
func (v view) wrong(name string) bool { return v.bad[v.node.get(name)] }

// complain records a mistake of a field, on its line, or the mapping's when it is not written.
func (v view) complain(name, format string, args ...any) {
	n := v.node.get(name)
	if n == nil {
		n = &node{line: v.node.line}
	}
	v.add(n, join(v.path, name), format, args...)
}

// into returns the view of a mapping below, an empty one when it is not written.
func (v view) into(name string) view {
	s := v.field(name).shape
	n := v.node.get(name)
	if n == nil {
		n = &node{kind: mapping, line: v.node.line}
	}
	return view{v.problems, n, &s, join(v.path, name)}
}

// items returns the views of a list of mappings below.
func (v view) items(name string) []view {
	s := v.field(name).shape.items
	n := v.node.get(name)
	if n == nil {
		return nil
	}
	views := make([]view, len(n.items))
	for i, item := range n.items {
		views[i] = view{v.problems, item, s, join(join(v.path, name), item.label(i))}
	}
	return views
}

// read returns a scalar field's value, its preset when it is not written; false when
// there is neither or it is wrong.
func read[T any](v view, name string, parse func(string) (T, error)) (T, bool) {
	text := v.field(name).preset
	n := v.node.get(name)
	var zero T
	switch {
	case n != nil && (v.bad[n] || n.kind != scalar), n == nil && text == "":
		return zero, false
	case n != nil:
		text = n.text
	}
	x, err := parse(text)
	return x, err == nil
}

// readAll returns the good scalars of a list.
func readAll[T any](v view, name string, parse func(string) (T, error)) []T {
	var all []T
	if n := v.node.get(name); n != nil {
		for _, item := range n.items {
			if x, err := parse(item.text); err == nil && !v.bad[item] {
				all = append(all, x)
			}
		}
	}
	return all
}

func asText(text string) (string, error) { return text, nil }
