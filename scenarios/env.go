package scenarios

import (
	"fmt"
	"strings"
)

// substitute replaces ${NAME} and ${NAME:-default} in the values of n and below, never
// in keys. What is put in is text: it cannot add fields. The default also serves for a
// variable that is set but empty; $${ stands for a plain ${.
func substitute(n *node, path string, getenv func(string) (string, bool), p *problems) {
	if n.kind == scalar && strings.Contains(n.text, "${") {
		text, err := expand(n.text, getenv)
		if err != nil {
			p.add(n, path, "%s", err)
		}
		n.text, n.source = text, n.text
	}
	for _, entry := range n.pairs {
		substitute(entry.value, join(path, shownKey(entry.key)), getenv, p)
	}
	for i, item := range n.items {
		substitute(item, join(path, item.label(i)), getenv, p)
	}
}

func expand(text string, getenv func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), nil
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(literal + "${")
			text = rest
			continue
		}
		b.WriteString(before)
		inside, after, closed := strings.Cut(rest, "}")
		name, fallback, hasFallback := strings.Cut(inside, ":-")
		if !closed || !isVariable(name) {
			return text, expected("${NAME} or ${NAME:-default}", "${"+rest)
		}
		value, set := getenv(name)
		switch {
		case hasFallback && value == "":
			value = fallback
		case !set:
			return text, fmt.Errorf("expected the environment variable %s, which is not set; ${%s:-value} gives a default", name, name)
		}
		b.WriteString(value)
		text = after
	}
}

func isVariable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
