package wire

import (
	"errors"
	"fmt"
	"strings"
)

// deflateOffer is what is offered (RFC 7692 7.1): either side forgets after each message,
// so that an idle connection holds no window, and any buffer can be any connection's.
const deflateOffer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// agreedDeflate reads the server's answer to the offer. Extensions that were not offered
// and parameters that do not answer it end the handshake (RFC 6455 9.1, RFC 7692 7.1).
func agreedDeflate(lists []string, offered bool) (bool, error) {
	answer := strings.Join(lists, ",")
	if len(lists) == 0 {
		return false, nil
	}
	if strings.Contains(answer, ",") {
		return false, fmt.Errorf("extensions %q: expected one at most", answer)
	}
	name, rest, more := strings.Cut(answer, ";")
	if strings.TrimSpace(name) != "permessage-deflate" || !offered {
		return false, fmt.Errorf("extension %q, which was not offered", answer)
	}
	seen := map[string]bool{}
	for more {
		var p string
		p, rest, more = strings.Cut(rest, ";")
		key, value, valued := strings.Cut(p, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		ok := !seen[key]
		switch seen[key] = true; key {
		case "server_no_context_takeover", "client_no_context_takeover":
			ok = ok && !valued
		case "server_max_window_bits": // a smaller window than ours holds is welcome
			ok = ok && isWindow(value)
		default: // client_max_window_bits must not answer an offer without it
			ok = false
		}
		if !ok {
			return false, fmt.Errorf("extension parameter %q of permessage-deflate", strings.TrimSpace(p))
		}
	}
	if !seen["server_no_context_takeover"] {
		return false, errors.New("permessage-deflate without server_no_context_takeover, which was asked for")
	}
	return true, nil
}

// isWindow tells whether s is 8 to 15.
func isWindow(s string) bool {
	return len(s) == 1 && s[0] >= '8' && s[0] <= '9' || len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5'
}
