package toxi

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// through is what becomes of a stream of frames under a fault, in pieces of each size.
func through(t *testing.T, kind, attributes, stream, want string) {
	t.Helper()
	for size := 1; size <= len(stream); size++ {
		synctest.Test(t, func(t *testing.T) {
			x := tapLane(t)
			x.bridge()
			x.add("f", kind, attributes)
			for rest := stream; len(rest) > 0; {
				n := min(size, len(rest))
				x.put(rest[:n])
				rest = rest[n:]
			}
			close(x.in)
			assert.Equal(t, want+"end", x.crossed(), "%s %s in pieces of %d", kind, attributes, size)
		})
	}
}

// One thing is changed, in the message that is meant, and nothing else; of masked ones, too.
func TestOneThingIsCorrupted(t *testing.T) {
	const (
		pong   = "\x8a\x01p"
		empty  = "\x81\x00"
		masked = "\x82\x83\x10\x20\x30\x40\xaa\xbb\xcc"
		parts  = "\x01\x01a" + pong + "\x80\x01b"
		packed = "\xc1\x02xy" // compressed
		medium = "\x81\x7e\x00\x03abc"
		stream = pong + empty + masked + parts + packed + medium
		msb    = "\x80\x00\x00\x00\x00\x00\x00\x00"
	)
	for _, c := range []struct{ attributes, want string }{
		{`"what":"rsv"`, pong + "\xa1\x00" + "\xa2" + masked[1:] + "\x21" + parts[1:] + "\xe1\x02xy" + "\xa1" + medium[1:]},
		{`"what":"opcode","nth":2`, pong + empty + "\x83" + masked[1:] + parts + "\xc3\x02xy" + medium},
		{`"what":"mask","nth":5`, pong + empty + masked + parts + packed + "\x81\xfe\x00\x03abc"},
		{`"what":"length"`, pong + "\x81\x7f" + msb + "\x82\xff" + msb + masked[2:] + "\x01\x7f" + msb + parts[2:] + "\xc1\x7f" + msb + "xy" + "\x81\x7f" + msb + "abc"},
		{`"what":"utf8"`, pong + empty + masked + "\x01\x01\xff" + parts[3:] + packed + "\x81\x7e\x00\x03\xffbc"},
		{`"what":"payload"`, pong + empty + "\x82\x83\x10\x20\x30\x40\xab\xbb\xcc" + "\x01\x01`" + parts[3:] + "\xc1\x02yy" + "\x81\x7e\x00\x03`bc"},
	} {
		through(t, "ws_corrupt", "{"+c.attributes+"}", stream, c.want)
	}
	through(t, "ws_corrupt", `{"what":"utf8"}`, "\x81\x82\x10\x20\x30\x40\xaa\xbb", "\x81\x82\x10\x20\x30\x40\xef\xbb")
}
