package policies

import (
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// mostBytes bounds a file: the YAML parser's time grows with the square of its depth.
const mostBytes = 16 << 10

// Parse reads one policy from a file's text. Its error is of type Mistakes; the policy
// then is not to be used.
func Parse(file string, data []byte) (Policy, error) {
	d := parse(file, data, nil)
	return d.policy, d.mistakes.err()
}

// FromNode reads a policy where another YAML file embeds one: a name, a path to a file,
// or a mapping. Paths are relative to file's directory; with file "", to the working
// directory. Its error is of type Mistakes, with fields named from the policy's root.
func FromNode(file string, node ast.Node) (Policy, error) {
	d := newDocument(file, nil)
	switch kindOf(node) {
	case scalar:
		d.follow(node, "")
	case mapping:
		d.read(node)
	default:
		d.mistake(node, "", "expected a policy: a name, a file or a mapping with base, got %s", kindOf(node))
	}
	return d.policy, d.mistakes.err()
}

// parse reads a file, from being the files that led to it.
func parse(file string, data []byte, from []string) (d *document) {
	d = newDocument(file, append(slices.Clone(from), file))
	d.named = nameOf(file)
	if len(data) > mostBytes {
		d.mistakeAt(1, "", "expected at most %d KiB of YAML", mostBytes>>10)
		return d
	}
	body, line, err := single(data)
	switch {
	case err != nil:
		d.mistakeAt(line, "", "expected YAML: %v", err)
	case kindOf(body) != mapping:
		d.mistakeAt(max(line, 1), "", "expected the fields of a policy, got %s", kindOf(body))
	default:
		d.read(body)
	}
	return d
}

// single returns the one document of a YAML text, or what is wrong with it and where.
func single(data []byte) (body ast.Node, line int, err error) {
	defer func() { // input that makes the YAML library panic is wrong input
		if r := recover(); r != nil {
			body, line, err = nil, 1, fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if e, ok := errors.AsType[yaml.Error](err); ok {
			return nil, max(lineAt(e.GetToken()), 1), errors.New(e.GetMessage())
		}
		return nil, 1, err
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			return nil, lineOf(doc.Body), errors.New("one document, got another")
		default:
			body = doc.Body
		}
	}
	return body, lineOf(body), nil
}
