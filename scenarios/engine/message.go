package engine

import "encoding/binary"

// A message of the load is a magic word and its number in the run, then zeroes:
//
//	0    4        12      size
//	| magic | number | zeroes |
//
// The number tells the client and the moment at which it was due (see schedule), so an
// echo speaks for itself.
const (
	magic      = 0x7773686c // "wshl"
	headerSize = 12
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
