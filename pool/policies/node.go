package policies

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type kind uint8

const (
	nothing kind = iota
	scalar
	mapping
	list
	other
)

func (k kind) String() string {
	return [...]string{"nothing", "a single value", "a mapping", "a list", "something else"}[k]
}

// kindOf tells what a node is. Anchors, aliases and tags are something else: a policy
// is too small to need them.
func kindOf(n ast.Node) kind {
	switch n.(type) {
	case nil, *ast.NullNode:
		return nothing
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return scalar
	case *ast.MappingNode, *ast.MappingValueNode:
		return mapping
	case *ast.SequenceNode:
		return list
	}
	return other
}

// textOf returns a scalar as it is written, without quotes.
func textOf(n ast.Node) string { return n.GetToken().Value }

// items returns the values of a list.
func items(n ast.Node) []ast.Node {
	if l, ok := n.(*ast.SequenceNode); ok {
		return l.Values
	}
	return nil
}

// pairs returns the entries of a mapping.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

// lineOf returns a node's line, 0 when it has none.
func lineOf(n ast.Node) int {
	if n == nil {
		return 0
	}
	return lineAt(n.GetToken())
}

func lineAt(tk *token.Token) int {
	if tk == nil || tk.Position == nil {
		return 0
	}
	return tk.Position.Line
}
