package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file: the YAML parser's time grows with the square of length and depth, and
// aliases multiply what is written.
const (
	mostBytes = 64 << 10
	mostDepth = 32
	mostNodes = 10_000
)

type nodeKind uint8

const (
	nothing nodeKind = iota // null, or no value at all
	scalar
	mapping
	list
)

func (k nodeKind) String() string {
	return [...]string{"nothing", "a single value", "a mapping", "a list"}[k]
}

// node is a piece of YAML, kept as it was written: scalars are text, and keys may
// repeat. Aliases are already replaced by what they stand for.
type node struct {
	kind   nodeKind
	line   int // of the file; -1-i when it comes from Options.Set[i]
	text   string
	source string // text before variables were put in; "": there were none
	quoted bool
	pairs  []pair
	items  []*node
}

// pair is one entry of a mapping.
type pair struct {
	key   string
	line  int
	value *node
}

// get returns the value of a key, nil when there is none. Of repeated keys the last
// one counts.
func (n *node) get(key string) *node {
	for i := len(n.pairs) - 1; i >= 0; i-- {
		if n.pairs[i].key == key {
			return n.pairs[i].value
		}
	}
	return nil
}

// become replaces a node in place, so that whoever points to it sees the new one.
func (n *node) become(other *node) { *n = *other }

// lineError is a mistake whose file its finder does not know.
type lineError struct {
	line int
	want string
}

func (e lineError) Error() string { return e.want }

// parseTree reads one YAML document. Its error is a lineError: of broken syntax only
// the first place is known.
func parseTree(data []byte) (root *node, err error) {
	if len(data) > mostBytes {
		return nil, lineError{1, "expected at most 64 KiB of YAML"}
	}
	if line := notText(data); line > 0 {
		return nil, lineError{line, "expected UTF-8 text"}
	}
	defer func() {
		// Input that makes the YAML library panic is wrong input, not our end.
		if r := recover(); r != nil {
			root, err = nil, lineError{1, fmt.Sprintf("expected YAML (the parser gave up: %v)", r)}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if line := tooDeep(tokens); line > 0 {
		return nil, lineError{line, fmt.Sprintf("expected at most %d levels of nesting", mostDepth)}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if e, ok := errors.AsType[yaml.Error](err); ok {
			return nil, lineError{lineOf(e.GetToken()), "expected YAML: " + e.GetMessage()}
		}
		return nil, lineError{1, "expected YAML: " + err.Error()}
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return &node{line: 1}, nil
	case 1:
		c := converter{anchors: map[string]ast.Node{}}
		return c.node(bodies[0])
	}
	return nil, lineError{lineOf(bodies[1].GetToken()), "expected one YAML document, got another one"}
}

// notText returns the line on which data is not UTF-8, 0 when all of it is.
func notText(data []byte) int {
	for line, text := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(text) {
			return line + 1
		}
	}
	return 0
}

// tooDeep returns the line on which nesting exceeds mostDepth, 0 when none does.
// Block levels are told by the columns of their keys and dashes.
func tooDeep(tokens token.Tokens) int {
	var columns []int
	flow := 0
	for _, tk := range tokens {
		column := 0
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType, token.MappingKeyType:
			column = tk.Position.Column
		case token.MappingValueType:
			if tk.Prev != nil {
				column = tk.Prev.Position.Column
			}
		}
		if column > 0 && flow == 0 {
			for len(columns) > 0 && columns[len(columns)-1] >= column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, column)
		}
		if flow+len(columns) > mostDepth {
			return tk.Position.Line
		}
	}
	return 0
}

// converter turns the library's tree into ours.
type converter struct {
	anchors map[string]ast.Node
	nodes   int
}

func (c *converter) node(n ast.Node) (*node, error) {
	line := lineOf(n.GetToken())
	if c.nodes++; c.nodes > mostNodes {
		return nil, lineError{line, "expected a smaller file: its aliases multiply beyond measure"}
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return &node{line: line}, nil
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		return &node{kind: scalar, line: line, text: n.Value, quoted: quoted}, nil
	case *ast.LiteralNode:
		return &node{kind: scalar, line: line, text: n.Value.Value, quoted: true}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: scalar, line: line, text: n.GetToken().Value}, nil
	case *ast.MappingNode:
		return c.mapping(line, n.Values)
	case *ast.MappingValueNode:
		return c.mapping(line, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out := &node{kind: list, line: line}
		for _, value := range n.Values {
			item, err := c.node(value)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.AnchorNode:
		value, err := c.node(n.Value)
		if err == nil {
			// Known only from here on, so that nothing can contain itself.
			c.anchors[n.Name.GetToken().Value] = n.Value
		}
		return value, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		of, ok := c.anchors[name]
		if !ok {
			return nil, lineError{line, fmt.Sprintf("expected &%s before *%s", name, name)}
		}
		value, err := c.node(of)
		if err != nil {
			return nil, lineError{line, err.Error()}
		}
		return value, nil
	}
	return nil, lineError{line, "expected a plain value, a mapping or a list, got a YAML " + n.Type().YAMLName()}
}

func (c *converter) mapping(line int, values []*ast.MappingValueNode) (*node, error) {
	out := &node{kind: mapping, line: line}
	for i, v := range values {
		key, err := c.node(v.Key)
		if err != nil {
			return nil, err
		}
		if key.kind == nothing {
			key = &node{kind: scalar, line: key.line, text: "null"}
		}
		if i == 0 {
			out.line = key.line
		}
		if key.kind != scalar {
			return nil, lineError{key.line, "expected a plain key, got " + key.kind.String()}
		}
		value, err := c.node(v.Value)
		if err != nil {
			return nil, err
		}
		out.pairs = append(out.pairs, pair{key.text, key.line, value})
	}
	return out, nil
}

func lineOf(tk *token.Token) int {
	if tk == nil || tk.Position == nil {
		return 1
	}
	return max(tk.Position.Line, 1)
}

// syntax turns a node back into the library's tree, for those who read that; lines
// are kept.
func (n *node) syntax() ast.Node {
	at := &token.Position{Line: n.line, Column: 1}
	switch n.kind {
	case mapping:
		values := make([]*ast.MappingValueNode, len(n.pairs))
		for i, p := range n.pairs {
			at := &token.Position{Line: p.line, Column: 1}
			key := ast.String(token.String(p.key, p.key, at))
			values[i] = ast.MappingValue(token.MappingValue(at), key, p.value.syntax())
		}
		return ast.Mapping(token.MappingStart("{", at), true, values...)
	case list:
		out := ast.Sequence(token.SequenceStart("[", at), true)
		for _, item := range n.items {
			out.Values = append(out.Values, item.syntax())
		}
		return out
	case scalar:
		if n.quoted {
			return ast.String(token.DoubleQuote(n.text, n.text, at))
		}
	}
	tk := token.New(n.text, n.text, at)
	switch tk.Type {
	case token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType:
		return ast.Integer(tk)
	case token.FloatType:
		return ast.Float(tk)
	case token.BoolType:
		return ast.Bool(tk)
	case token.InfinityType:
		return ast.Infinity(tk)
	case token.NanType:
		return ast.Nan(tk)
	case token.NullType:
		return ast.Null(tk)
	}
	if n.kind == nothing {
		return ast.Null(token.New("null", "null", at))
	}
	return ast.String(tk)
}
