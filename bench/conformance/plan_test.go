package conformance

import (
	"encoding/binary"
	"slices"
)

// draw takes decisions from the bytes of the fuzzer; behind their end it draws zeros.
type draw struct{ rest []byte }

func (d *draw) byte() byte {
	if len(d.rest) == 0 {
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *draw) below(n int) int { return (int(d.byte())<<8 | int(d.byte())) % n }

// said is a message of a plan, in the pieces that its server is to send it in.
type said struct {
	text   bool
	pieces [][]byte
}

// plan is what a server says.
type plan struct {
	deflate  bool
	messages []said
}

// sizes are where lengths change their form, and buffers overflow.
var sizes = []int{0, 1, 2, 3, 124, 125, 126, 127, 128, 200, 511, 512, 1000, 4094, 4095, 4096, 4097, 9000, 65535, 65536, limit - 1, limit, limit + 1}

// alphabet holds what is text, and what is not when it is cut or bent.
var alphabet = []string{"a", "é", "€", "𝄞", "\xff", "\xc3", "\x80", "\xed\xa0\x80", "\x00"}

// payload is size bytes; kind 0 and 1 are text.
func payload(kind, size int, d *draw) []byte {
	p := make([]byte, 0, size)
	switch kind {
	case 0:
		for len(p) < size {
			p = append(p, "all work and no play "[len(p)%21])
		}
	case 1:
		for len(p) < size {
			c := alphabet[d.below(4)]
			if len(p)+len(c) > size {
				c = "."
			}
			p = append(p, c...)
		}
	case 2:
		for len(p) < size {
			p = append(p, alphabet[d.below(len(alphabet))]...)
		}
		p = p[:size]
	default:
		for x := uint64(size) | 1; len(p) < size; {
			x = x*6364136223846793005 + 1442695040888963407
			p = append(p, byte(x>>33))
		}
	}
	return p
}

// newPlan draws a few messages.
func newPlan(d *draw) plan {
	p := plan{deflate: d.byte()&1 == 1}
	for range 1 + d.below(4) {
		size := sizes[d.below(len(sizes))]
		kind := d.below(4)
		m := said{text: d.byte()&1 == 0}
		rest := payload(kind, size, d)
		for cuts := d.below(4); cuts > 0 && len(rest) > 0; cuts-- {
			at := d.below(len(rest) + 1)
			m.pieces = append(m.pieces, rest[:at])
			rest = rest[at:]
		}
		m.pieces = append(m.pieces, rest)
		p.messages = append(p.messages, m)
	}
	return p
}

// boundaries are where the frames of a stream begin, and its end.
func boundaries(stream []byte) (at []int) {
	for i := 0; ; {
		at = append(at, i)
		rest := stream[i:]
		if len(rest) < 2 {
			return at
		}
		n, head := uint64(rest[1]&0x7f), 2
		switch {
		case n == 126 && len(rest) >= 4:
			n, head = uint64(binary.BigEndian.Uint16(rest[2:])), 4
		case n == 127 && len(rest) >= 10:
			n, head = binary.BigEndian.Uint64(rest[2:]), 10
		}
		if uint64(len(rest)) < uint64(head)+n {
			return at
		}
		i += head + int(n)
	}
}

// edit bends a stream: control frames between its frames, bits that flip, an end too early.
func edit(stream []byte, d *draw) []byte {
	for range d.below(6) {
		at := boundaries(stream)
		i := at[d.below(len(at))]
		switch d.below(11) {
		case 0, 1:
			stream = slices.Insert(stream, i, control(0x89, payload(d.below(4), d.below(126), d))...)
		case 2:
			stream = slices.Insert(stream, i, control(0x8a, payload(0, d.below(126), d))...)
		case 3:
			stream = slices.Insert(stream, i, closing(d)...)
		case 4:
			stream = append(stream, closing(d)...)
		case 5: // another first byte
			if i < len(stream) {
				stream[i] ^= 1 << d.below(8)
			}
		case 6: // another length
			if i+1 < len(stream) {
				stream[i+1] = d.byte()
			}
		case 7: // another byte anywhere
			if len(stream) > 0 {
				stream[d.below(len(stream))] ^= 1 << d.below(8)
			}
		case 8: // cut short
			stream = stream[:d.below(len(stream)+1)]
		case 10: // a length in more bytes than it needs
			if n := i + 1; n < len(stream) && stream[n] < 126 {
				stream = slices.Insert(stream, n+1, 0, stream[n])
				stream[n] = 126
			}
		case 9: // a fragment of our own
			stream = slices.Insert(stream, i, control(d.byte(), payload(d.below(4), d.below(126), d))...)
		}
	}
	return stream
}

func control(first byte, payload []byte) []byte {
	return append([]byte{first, byte(len(payload))}, payload...)
}

// codes are where close codes change their meaning.
var codes = []uint16{0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1013, 1014, 1015, 1016, 2999, 3000, 3999, 4000, 4999, 5000, 65535}

func closing(d *draw) []byte {
	var body []byte
	switch d.below(8) {
	case 0:
	case 1:
		body = []byte{3}
	default:
		body = binary.BigEndian.AppendUint16(nil, codes[d.below(len(codes))])
		body = append(body, payload(d.below(3), d.below(20), d)...)
	}
	return control(0x88, body)
}
