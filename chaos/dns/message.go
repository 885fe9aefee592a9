package dns

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
)

// Codes of answers, types and the class (RFC 1035 3.2 and 4.1.1, AAAA RFC 3596).
const (
	noError, formErr, servFail, nxDomain, notImp = 0, 1, 2, 3, 4

	typeA, typeAAAA = 1, 28
	classIN         = 1
)

const headerSize = 12

// query is one question, and what its answer repeats of it.
type query struct {
	head     [headerSize]byte
	question []byte // name, type and class, as they came
	name     string // in lower case, without the last dot
	kind     uint16
	class    uint16
}

var (
	errNoQuery  = errors.New("it is no query")
	errBadQuery = errors.New("its question cannot be read, expected one with a name")
)

// parse reads a query. With errNoQuery nothing is to be answered, with errBadQuery that it
// could not be read.
func parse(b []byte) (q query, err error) {
	if len(b) < headerSize || b[2]&0x80 != 0 { // an answer
		return q, errNoQuery
	}
	copy(q.head[:], b)
	if binary.BigEndian.Uint16(b[4:]) != 1 {
		return q, errBadQuery
	}
	var labels []string
	rest := b[headerSize:]
	for {
		// A compressed name (a length above 63) has no place in the first question.
		if len(rest) == 0 || rest[0] > 63 || len(rest) < 1+int(rest[0]) {
			return q, errBadQuery
		}
		n := int(rest[0])
		if n == 0 {
			rest = rest[1:]
			break
		}
		labels = append(labels, string(rest[1:1+n]))
		rest = rest[1+n:]
	}
	if size := len(b) - headerSize - len(rest); len(rest) < 4 || size > 255 {
		return q, errBadQuery
	}
	q.kind, q.class = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	q.question = b[headerSize : len(b)-len(rest)+4]
	q.name = strings.ToLower(strings.Join(labels, "."))
	return q, nil
}

// opcode is 0 for a query of the usual kind.
func (q query) opcode() byte { return q.head[2] >> 3 & 0xf }

// answer is the answer to a query: a code, and at most one address, which is not to be kept
// (TTL 0); the zero Addr: none. What else the query asked for, as EDNS, is left out.
func (q query) answer(code byte, addr netip.Addr) []byte {
	b := append([]byte(nil), q.head[:]...)
	b[2] = 0x84 | b[2]&0x79 // it is an answer, with authority; opcode and the wish for recursion are repeated
	b[3] = 0x80 | code      // recursion is to be had
	for i := 4; i < headerSize; i++ {
		b[i] = 0
	}
	if q.question == nil {
		return b
	}
	b[5] = 1
	b = append(b, q.question...)
	if code != noError || !addr.IsValid() {
		return b
	}
	b[7] = 1
	raw := addr.AsSlice()
	kind := uint16(typeA)
	if addr.Is6() {
		kind = typeAAAA
	}
	b = append(b, 0xc0, headerSize) // the name of the question
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, classIN)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(raw)))
	return append(b, raw...)
}
