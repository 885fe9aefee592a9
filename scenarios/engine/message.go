package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// A message of the load that says nothing of its own is a magic word and its number in the
// run, then padding; as text the number is in hexadecimal:
//
//	0    4        12      size      0     5        21      size
//	| magic | number | zeroes |     | wshl | number |  dots  |
//
// The number tells the client and the moment at which it was due (see schedule), so an
// echo speaks for itself.
const (
	magic      = 0x7773686c // "wshl"
	headerSize = 12
	textMagic  = "wshl "
	textSize   = len(textMagic) + 16
)

func putMessage(b []byte, n uint64) {
	binary.LittleEndian.PutUint32(b, magic)
	binary.LittleEndian.PutUint64(b[4:], n)
}

// readMessage returns ok false for what this run did not send.
func readMessage(b []byte) (n uint64, ok bool) {
	if len(b) < headerSize || binary.LittleEndian.Uint32(b) != magic {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[4:]), true
}

func appendText(b []byte, n uint64, size int) []byte {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], n)
	b = hex.AppendEncode(append(b, textMagic...), number[:])
	return append(b, strings.Repeat(".", max(0, size-textSize))...)
}

func readText(b []byte) (n uint64, ok bool) {
	if len(b) < textSize || !bytes.HasPrefix(b, []byte(textMagic)) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[len(textMagic):textSize]), 16, 64)
	return n, err == nil
}

// dialect is how messages are put for a target, and how what comes from it is understood.
type dialect struct {
	text    bool
	longest int                                         // bytes
	put     func(b []byte, n uint64, client int) []byte // adds message n
	read    func(b []byte) (n uint64, ok bool)          // which message is answered; ok is false for what answers none
	hello   func(client int) []byte                     // what is said on each new connection; nil: nothing
}

// newDialect is the dialect of a load.
func newDialect(l scenarios.Load) dialect {
	d := dialect{text: l.Text, longest: max(l.Size, headerSize)}
	d.put, d.read = binaryMessage(l.Size), readMessage
	if l.Text {
		d.put, d.read = func(b []byte, n uint64, _ int) []byte { return appendText(b, n, l.Size) }, readText
	}
	if l.Payload != "" {
		d.longest = l.Payload.Longest(l.Size)
		d.put = func(b []byte, n uint64, client int) []byte { return l.Payload.Append(b, n, uint64(client), l.Size) }
		d.read = echoOf(l.Payload)
	}
	switch l.Pattern {
	case report.Reply:
		d.read = replyTo(l)
	case report.Push:
		if d.read = nobody; l.Payload != "" {
			d.hello = func(client int) []byte { return d.put(nil, 0, client) }
		}
	case report.Silent:
		d.read = nobody
	}
	return d
}

func binaryMessage(size int) func(b []byte, n uint64, client int) []byte {
	padding := make([]byte, max(size, headerSize))
	return func(b []byte, n uint64, _ int) []byte {
		from := len(b)
		b = append(b, padding...)
		putMessage(b[from:], n)
		return b
	}
}

// nobody's messages are answers.
func nobody([]byte) (uint64, bool) { return 0, false }

// echoOf knows a payload that comes back as it was sent.
func echoOf(p scenarios.Payload) func([]byte) (uint64, bool) {
	match := p.Pattern()
	return func(b []byte) (uint64, bool) {
		found := match.FindSubmatch(b)
		if found == nil {
			return 0, false
		}
		n, err := strconv.ParseUint(string(found[1]), 10, 64)
		return n, err == nil
	}
}

// replyTo knows an answer by the field of its JSON that has the message's number.
func replyTo(l scenarios.Load) func([]byte) (uint64, bool) {
	path := strings.Split(l.Correlate, ".")
	before, after := l.Payload.Around()
	return func(b []byte) (uint64, bool) {
		text, ok := field(b, path)
		if !ok {
			return 0, false
		}
		text, begins := strings.CutPrefix(text, before)
		text, ends := strings.CutSuffix(text, after)
		n, err := strconv.ParseUint(text, 10, 64)
		return n, begins && ends && err == nil
	}
}

// field is the text of a string, or a number as it stands, at a path of names, and of
// numbers in lists, in JSON.
func field(b []byte, path []string) (text string, ok bool) {
	for _, name := range path {
		b = bytes.TrimSpace(b)
		if i, err := strconv.Atoi(name); err == nil && len(b) > 0 && b[0] == '[' {
			var list []json.RawMessage
			if json.Unmarshal(b, &list) != nil || i < 0 || i >= len(list) {
				return "", false
			}
			b = list[i]
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(b, &object) != nil {
			return "", false
		}
		if b, ok = object[name]; !ok {
			return "", false
		}
	}
	if json.Unmarshal(b, &text) == nil {
		return text, true
	}
	var number json.Number
	if json.Unmarshal(b, &number) != nil {
		return "", false
	}
	return number.String(), true
}
