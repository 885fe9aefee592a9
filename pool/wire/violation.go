package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Violation is a breach of RFC 6455 by the peer, with the close code to answer it.
type Violation struct {
	Code uint16 // 1002, 1007, 1008 or 1009
	Text string
}

func (v *Violation) Error() string { return "protocol violation: " + v.Text }

// parseClose reads the payload of a close frame: 1005 where it has no code. Codes that
// must not be sent are violations; 1012 to 1014 (IANA) and 3000 to 4999 may be.
func parseClose(payload []byte) (code uint16, reason []byte, err error) {
	switch len(payload) {
	case 0:
		return 1005, nil, nil
	case 1:
		return 0, nil, &Violation{1002, "a close frame with half a code"}
	}
	code, reason = binary.BigEndian.Uint16(payload), payload[2:]
	switch {
	case 1000 <= code && code <= 1003, 1007 <= code && code <= 1014, 3000 <= code && code <= 4999:
	default:
		return 0, nil, &Violation{1002, fmt.Sprintf("a close frame with code %d", code)}
	}
	if !utf8.Valid(reason) {
		return 0, nil, &Violation{1007, "a close reason that is not UTF-8"}
	}
	return code, reason, nil
}
