package scenarios

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What comes from the environment into a header, the query of an address or a payload is
// taken for a secret: it is used, and never written. In the resolved scenario stands the
// variable, as the author wrote it.

// secret is a variable's value that nobody is to see.
type secret struct{ name, value string }

// leastSecret is how long a value must be to be struck out of texts: shorter ones are in
// everything.
const leastSecret = 4

// secret reads a scalar that may hold secrets: its text, and how it is written, "" where it
// refers to no variable. One that is empty is a mistake: a token that CI did not hand over
// comes so.
func (r *resolver) secret(v view, name string) (text, source string) {
	n := v.node.get(name)
	if n == nil || v.bad[n] || n.kind != scalar {
		return "", ""
	}
	if len(variables(n.source)) == 0 {
		return n.text, ""
	}
	r.keep(v, name, n.source)
	return n.text, n.source
}

// keep remembers the values of the variables in a text.
func (r *resolver) keep(v view, name, source string) {
	for _, variable := range variables(source) {
		value, set := r.opt.Getenv(variable.name)
		switch {
		case value != "":
			r.s.secrets = append(r.s.secrets, secret{variable.name, value})
		case set && !variable.hasDefault:
			v.complain(name, "expected a value in the environment variable %s, which is empty", variable.name)
		}
	}
}

// spoils names the variable whose value makes something else of a payload that is JSON by its
// author's words: a quote in a token ends the string that it stands in. "": none does.
func (r *resolver) spoils(source string) string {
	with := func(name string) Payload { // the payload with this variable's value, and 1 for others
		text, err := expand(source, func(n string) (string, bool) {
			if n == name {
				return r.opt.Getenv(n)
			}
			return "1", true
		})
		if err != nil {
			return ""
		}
		return Payload(text)
	}
	plain := with("")
	if !strings.Contains(source, `"`) || !json.Valid(plain.marked()) {
		return ""
	}
	for _, x := range variables(source) {
		if p := with(x.name); !json.Valid(p.marked()) || !slices.Equal(p.places(), plain.places()) {
			return x.name
		}
	}
	return ""
}

// variableUse is one ${NAME} in a text.
type variableUse struct {
	name       string
	hasDefault bool
}

// variables are those that a text refers to.
func variables(source string) (all []variableUse) {
	for {
		before, rest, found := strings.Cut(source, "${")
		if !found {
			return all
		}
		if source = rest; strings.HasSuffix(before, "$") {
			continue
		}
		inside, after, closed := strings.Cut(rest, "}")
		name, _, hasDefault := strings.Cut(inside, ":-")
		if !closed || !isVariable(name) {
			return all
		}
		all, source = append(all, variableUse{name, hasDefault}), after
	}
}

// Redact strikes the secrets of the scenario out of a text: the variables stand in their place.
func (s *Scenario) Redact(text string) string {
	for _, x := range s.struck {
		text = strings.ReplaceAll(text, x.value, "${"+x.name+"}")
	}
	return text
}

// strike are the forms of secrets in which they could be in a text, longest first.
func strike(secrets []secret) (all []secret) {
	for _, x := range secrets {
		quoted := strconv.Quote(x.value)
		for _, form := range []string{x.value, url.QueryEscape(x.value), url.PathEscape(x.value), quoted[1 : len(quoted)-1]} {
			if as := (secret{x.name, form}); len(form) >= leastSecret && !slices.Contains(all, as) {
				all = append(all, as)
			}
		}
	}
	slices.SortFunc(all, func(a, b secret) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), strings.Compare(a.value, b.value), strings.Compare(a.name, b.name))
	})
	return all
}

// address reads a URL, whose query may hold secrets. What comes before the query is written
// as it came out, so that it can be seen what was tested.
func (r *resolver) address(v view) (text, source string, ok bool) {
	text, ok = read(v, "url", asText)
	if !ok {
		return "", "", false
	}
	n := v.node.get("url")
	open, query, _ := cutQuery(n.source)
	before, err := expand(open, r.opt.Getenv)
	if err != nil || strings.ContainsAny(before, "?@") { // the variable has the query in it
		open, query, before = "", n.source, ""
	}
	if len(variables(query)) == 0 {
		return text, "", true
	}
	r.keep(v, "url", query)
	return text, literal(before).text + query, true
}

// cutQuery cuts a URL before its query. A question mark in a variable's default is none.
func cutQuery(source string) (open, query string, found bool) {
	depth := 0
	for i, c := range []byte(source) {
		switch {
		case strings.HasPrefix(source[i:], "${"):
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '?' && depth == 0:
			return source[:i], source[i:], true
		}
	}
	return source, "", false
}
