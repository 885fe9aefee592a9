package driver

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// reserved are the headers that make the upgrade what it is, with whose they are.
var reserved = map[string]string{
	"Upgrade": "the handshake's", "Connection": "the handshake's",
	"Sec-Websocket-Key": "the handshake's", "Sec-Websocket-Version": "the handshake's", "Sec-Websocket-Accept": "the server's",
	"Sec-Websocket-Protocol": "named by Subprotocols", "Sec-Websocket-Extensions": "named by Deflate",
	"Content-Length": "none of a request without a body", "Transfer-Encoding": "none of a request without a body",
}

// HeaderFaults tells what in the headers of an upgrade would break it, nil when nothing
// does: names that are no tokens, values with CR, LF, NUL or other control characters, and
// headers that are the handshake's own. One Host may be given.
func HeaderFaults(h http.Header) error {
	var errs []error
	hosts := 0
	for name, values := range h {
		key := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !token(name):
			errs = append(errs, fmt.Errorf("header %q: expected a name of letters, digits and -", name))
		case reserved[key] != "":
			errs = append(errs, fmt.Errorf("header %s: expected none, it is %s", name, reserved[key]))
		case key == "Host":
			hosts += len(values)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				errs = append(errs, fmt.Errorf("header %s: expected a value without control characters, got %q", name, v))
			}
		}
	}
	if hosts > 1 {
		errs = append(errs, fmt.Errorf("header Host: expected at most one, got %d", hosts))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// protocolFaults tells what keeps subprotocols from being offered (RFC 6455 4.1).
func protocolFaults(list []string) (all []*Fault) {
	for i, name := range list {
		option := fmt.Sprintf("Subprotocols[%d]", i)
		switch {
		case !token(name):
			all = append(all, &Fault{option, fmt.Errorf("expected a token of letters, digits, . and -, got %q", name)})
		case slices.Contains(list[:i], name):
			all = append(all, &Fault{option, fmt.Errorf("expected each once, got %q again", name)})
		}
	}
	return all
}

// token tells a token (RFC 9110 5.6.2).
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
	})
}
