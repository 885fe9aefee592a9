package scenarios

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/wsheal/wsheal/chaos"
)

// Header is one header that is sent with every upgrade to a target.
type Header struct {
	Name   string
	Value  string
	source string // as it is written, with variables in place of what they stand for; "": there are none
}

var headersShape = shape{byName: new(valueOf(headerValue)), optional: true}

// headerValue is anything: what is wrong with one is told without showing it.
var headerValue = &valueType{
	words:  "a value",
	check:  func(string) error { return nil },
	schema: map[string]any{"type": []any{"string", "number", "boolean"}},
}

// takenHeaders are those that make an upgrade what it is, with what is expected instead.
var takenHeaders = map[string]string{
	"Upgrade": "none: it is the handshake's", "Connection": "none: it is the handshake's",
	"Sec-Websocket-Key": "none: it is the handshake's", "Sec-Websocket-Version": "none: it is the handshake's",
	"Sec-Websocket-Accept": "none: it is the server's", "Sec-Websocket-Extensions": "none: no extension is offered",
	"Sec-Websocket-Protocol": "subprotocols instead",
	"Content-Length":         "none: the request has no body", "Transfer-Encoding": "none: the request has no body",
	textproto.CanonicalMIMEHeaderKey(chaos.IdentityHeader): "none: it says which client it is",
}

// headers reads those of a target. A value that is wrong is not shown: it may be a secret.
func (r *resolver) headers(v view) []Header {
	var all []Header
	for _, entry := range v.node.pairs {
		key := textproto.CanonicalMIMEHeaderKey(entry.key)
		value, source := r.secret(v, entry.key)
		again := slices.ContainsFunc(all, func(h Header) bool { return textproto.CanonicalMIMEHeaderKey(h.Name) == key })
		switch {
		case v.bad[v.node.get(entry.key)]:
		case takenHeaders[key] != "":
			v.complain(entry.key, "expected %s", takenHeaders[key])
		case again:
			v.complain(entry.key, "expected once; names of headers are the same in upper and lower case")
		case strings.TrimSpace(value) == "":
			v.complain(entry.key, "expected a value, got nothing")
		case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
			v.complain(entry.key, "expected a value without line ends and control characters")
		default:
			all = append(all, Header{entry.key, value, source})
		}
	}
	return all
}

// Header is what is sent with every upgrade to the target.
func (t Target) Header() http.Header {
	if len(t.Headers) == 0 {
		return nil
	}
	h := http.Header{}
	for _, x := range t.Headers {
		h.Set(x.Name, x.Value)
	}
	return h
}

// subprotocols reads those that are offered.
func subprotocols(v view) []string {
	list := readAll(v, "subprotocols", asText)
	for i, name := range list {
		switch {
		case name == "" || strings.ContainsFunc(name, func(c rune) bool {
			return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
		}):
			v.complain("subprotocols", "%s", expected("tokens of letters, digits, . and -", name))
		case slices.Contains(list[:i], name):
			v.complain("subprotocols", "expected each once, got %s again", name)
		}
	}
	if len(list) == 0 && !v.wrong("subprotocols") {
		v.complain("subprotocols", "expected at least one, got nothing")
	}
	return list
}
