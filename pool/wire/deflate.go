package wire

import (
	"compress/flate"
	"errors"
	"io"
	"slices"
	"sync"
)

// worthDeflating is the size, bytes, below which a message is sent as it is: the header
// of a block and its codes would eat the gain.
const worthDeflating = 128

var errTooLarge = errors.New("too large")

// deflatedBound is how long the deflated form of max bytes may be: what deflate makes of
// noise, stored blocks, with room to spare.
func deflatedBound(max int) int { return max + max>>6 + 64 }

// tail is what the sender cut off the end of a message (RFC 7692 7.2.2), and an empty
// last block, so that the reader sees an end.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// source is a deflated message with its tail. It is an io.ByteReader, so that the
// inflater reads it without a buffer between.
type source struct {
	rest []byte
	tail string
}

func (s *source) Read(p []byte) (n int, err error) {
	if len(s.rest) > 0 {
		n = copy(p, s.rest)
		s.rest = s.rest[n:]
		return n, nil
	}
	if s.tail == "" {
		return 0, io.EOF
	}
	n = copy(p, s.tail)
	s.tail = s.tail[n:]
	return n, nil
}

func (s *source) ReadByte() (b byte, err error) {
	switch {
	case len(s.rest) > 0:
		b, s.rest = s.rest[0], s.rest[1:]
	case s.tail != "":
		b, s.tail = s.tail[0], s.tail[1:]
	default:
		err = io.EOF
	}
	return b, err
}

type inflater struct {
	source source
	reader io.Reader // a flate.Resetter, too
}

var inflaters = sync.Pool{New: func() any {
	x := new(inflater)
	x.reader = flate.NewReader(&x.source)
	return x
}}

// inflate appends to dst what src was before it was deflated; errTooLarge when that is
// more than max bytes, of which no more than one more is ever held.
func inflate(dst, src []byte, max int) ([]byte, error) {
	x := inflaters.Get().(*inflater)
	defer func() {
		x.source = source{}
		inflaters.Put(x)
	}()
	x.source = source{src, tail}
	if err := x.reader.(flate.Resetter).Reset(&x.source, nil); err != nil {
		return dst, err
	}
	for {
		k := min(trust, max+1-len(dst))
		dst = slices.Grow(dst, k)
		n, err := x.reader.Read(dst[len(dst) : len(dst)+k])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > max:
			return dst, errTooLarge
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

type deflater struct {
	out    sink
	writer *flate.Writer
}

// sink is a buffer to write to.
type sink []byte

func (s *sink) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	return len(p), nil
}

var deflaters = sync.Pool{New: func() any {
	x := new(deflater)
	x.writer, _ = flate.NewWriter(&x.out, flate.BestSpeed) // whose only error is another level
	return x
}}

// deflate returns payload deflated by itself, nil when that makes it no smaller.
func deflate(payload []byte) []byte {
	if len(payload) < worthDeflating {
		return nil
	}
	x := deflaters.Get().(*deflater)
	defer func() {
		x.out = nil
		deflaters.Put(x)
	}()
	x.out = make(sink, 0, len(payload)/2)
	x.writer.Reset(&x.out)
	_, _ = x.writer.Write(payload) // to memory: neither can fail
	_ = x.writer.Flush()
	if cut := len(x.out) - 4; cut < len(payload) {
		return x.out[:cut]
	}
	return nil
}
