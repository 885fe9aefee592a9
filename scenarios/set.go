package scenarios

import (
	"fmt"
	"strconv"
	"strings"
)

// argument is the line number that marks what comes from Options.Set[i].
func argument(i int) int { return -1 - i }

// set puts the value of "path=value" into the tree. Mappings on the way are made
// where nothing was written; a policy given by name becomes {base: name} when one of
// its fields is set. Whether the path means anything is left to the strict check.
func set(root *node, i int, arg string) error {
	path, text, ok := strings.Cut(arg, "=")
	if !ok || path == "" {
		return fmt.Errorf("expected path=value")
	}
	value, err := parseTree([]byte(text))
	if err != nil {
		return fmt.Errorf("expected a value in YAML: %s", strings.TrimPrefix(err.Error(), "expected YAML: "))
	}
	value.mark(argument(i))
	at, names := root, strings.Split(path, ".")
	for depth, name := range names {
		if at, err = at.child(name, argument(i)); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(names[:depth], "."), err)
		}
		if depth < len(names)-1 && strings.Join(names[:depth+1], ".") == "clients.policy" {
			at.basePolicy()
		}
	}
	at.become(value)
	return nil
}

// basePolicy makes a policy that is named, or not written at all, ready for changes.
func (n *node) basePolicy() {
	base := *n
	switch n.kind {
	case nothing:
		base = node{kind: scalar, line: n.line, text: "default"}
	case mapping, list:
		return
	}
	n.become(&node{kind: mapping, line: n.line, pairs: []pair{{"base", n.line, &base}}})
}

// child returns what a step of a path leads to; line marks what has to be made.
func (n *node) child(name string, line int) (*node, error) {
	switch n.kind {
	case nothing:
		n.become(&node{kind: mapping, line: line})
	case scalar:
		return nil, expected("a mapping or a list to go into", n.text)
	case list:
		return n.item(name)
	}
	if value := n.get(name); value != nil {
		return value, nil
	}
	value := &node{line: line}
	n.pairs = append(n.pairs, pair{name, line, value})
	return value, nil
}

// item finds an item of a list by its index, or by its name; an endpoint goes by the
// name of its target.
func (n *node) item(name string) (*node, error) {
	var names []string
	for _, item := range n.items {
		if own := item.name(); own == name {
			return item, nil
		} else if own != "" {
			names = append(names, own)
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.items) {
		return n.items[i], nil
	}
	if near := nearest(name, names); near != "" {
		return nil, fmt.Errorf("there is no item %s; did you mean %s?", shown(name), near)
	}
	return nil, fmt.Errorf("there is no item %s; %s", shown(name), n.offer(names))
}

// offer says what the items of a list can be called.
func (n *node) offer(names []string) string {
	offer := "the list is empty"
	switch len(n.items) {
	case 0:
	case 1:
		offer = "the only item is 0"
	default:
		offer = fmt.Sprintf("items are 0 to %d", len(n.items)-1)
	}
	if len(names) > 0 {
		offer += ", by name " + strings.Join(names, ", ")
	}
	return offer
}

// name of a list's item, "" when it has none.
func (n *node) name() string {
	for _, key := range []string{"name", "target"} {
		if v := n.get(key); v != nil && v.kind == scalar {
			return v.text
		}
	}
	return ""
}

// label is how paths call the item of a list: by its name, else by its index.
func (n *node) label(i int) string {
	if name := n.name(); namePattern.MatchString(name) {
		return name
	}
	return strconv.Itoa(i)
}

// mark gives a whole tree one line.
func (n *node) mark(line int) {
	n.line = line
	for i := range n.pairs {
		n.pairs[i].line = line
		n.pairs[i].value.mark(line)
	}
	for _, item := range n.items {
		item.mark(line)
	}
}
