package scenarios

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every scenario in doc.go can be run as it stands, and every override works on the
// scenario of the library that it is about.
func TestDocExamples(t *testing.T) {
	scenarios, overrides := 0, 0
	for _, block := range docBlocks(t) {
		switch {
		case strings.HasPrefix(block, "scenario: "):
			scenarios++
			_, err := Parse("doc.go", []byte(block), Options{})
			assert.NoError(t, err, block)
		case strings.HasPrefix(block, "clients.count="):
			for arg := range strings.Lines(block) {
				overrides++
				_, err := Open("reset-storm", Options{Set: []string{strings.TrimSpace(arg)}})
				assert.NoError(t, err)
			}
		}
	}
	assert.Equal(t, 11, scenarios)
	assert.Equal(t, 5, overrides)
}

// The reference in doc.go is the table that the parser follows.
func TestDocFields(t *testing.T) {
	const begin, end = "// Made from the table that the parser follows (fields.go):\n//\n", "//\n// # Schema\n"
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(source), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	golden(t, "doc.go", before+begin+reference(t)+end+after)
}

// reference is a table of every field: path, default, what it is.
func reference(t *testing.T) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	format.list(w, "")
	require.NoError(t, w.Flush())
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight("//\t"+line, " \n") + "\n")
	}
	return out.String()
}

func (s *shape) list(w *tabwriter.Writer, path string) {
	for _, f := range s.fields {
		f.list(w, join(path, f.name))
	}
	if len(s.cases) > 0 {
		fmt.Fprintf(w, "%s\t\twhat the value of %s adds\n", join(path, "…"), s.by)
	}
}

func (f field) list(w *tabwriter.Writer, path string) {
	below := f.shape
	switch {
	case below.byName != nil:
		path, below = path+".NAME", *below.byName
	case below.items != nil:
		path, below = path+".N", *below.items
	}
	preset := f.preset
	switch {
	case f.required:
		preset = "required"
	case f.deduced != "":
		preset = "(" + f.deduced + ")"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\n", path, preset, f.about)
	below.list(w, path)
}

// docBlocks returns the preformatted blocks of the package's comment.
func docBlocks(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	require.IsType(t, (*ast.CommentGroup)(nil), file.Doc)
	var blocks []string
	for _, b := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		if code, ok := b.(*comment.Code); ok {
			blocks = append(blocks, code.Text)
		}
	}
	return blocks
}
