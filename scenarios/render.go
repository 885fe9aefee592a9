package scenarios

import (
	"fmt"
	"regexp"
	"strings"
)

// lineWidth is how long a mapping or a list may be to stand on one line.
const lineWidth = 110

// render writes a tree as YAML: mappings of scalars on one line where they fit, one
// line per item of a list.
func (n *node) render() []byte {
	var b strings.Builder
	for _, p := range n.pairs {
		p.render(&b, "")
	}
	return []byte(b.String())
}

func (p pair) render(b *strings.Builder, indent string) {
	b.WriteString(indent + quote(p.key) + ":")
	p.value.renderBelow(b, indent)
}

func (n *node) renderBelow(b *strings.Builder, indent string) {
	if line := n.inline(); n.flat() && len(indent)+len(line) <= lineWidth {
		b.WriteString(" " + line + "\n")
		return
	}
	b.WriteString("\n")
	for _, p := range n.pairs {
		p.render(b, indent+"  ")
	}
	for _, item := range n.items {
		b.WriteString(indent + "  - " + item.inline() + "\n")
	}
}

// flat says whether n may stand on one line: a scalar, a mapping of scalars, or
// something empty.
func (n *node) flat() bool {
	for _, p := range n.pairs {
		if p.value.kind != scalar {
			return false
		}
	}
	return len(n.items) == 0
}

func (n *node) inline() string {
	var parts []string
	switch n.kind {
	case mapping:
		for _, p := range n.pairs {
			parts = append(parts, quote(p.key)+": "+p.value.inline())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case list:
		for _, item := range n.items {
			parts = append(parts, item.inline())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return quote(n.text)
}

// plain is text that means the same with and without quotes, in blocks and in braces.
var plain = regexp.MustCompile(`^[A-Za-z0-9/.]([A-Za-z0-9 _./%+<>=!;()-]*[A-Za-z0-9_./%+)])?$`)

func quote(text string) string {
	if plain.MatchString(text) && !strings.EqualFold(text, "null") && !strings.Contains(text, "---") {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
