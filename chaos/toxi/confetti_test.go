package toxi

import "testing"

// The pieces of every frame of a message stand in its place, with what came in between.
func TestAMessageIsCutIntoFrames(t *testing.T) {
	const ping, empty = "\x89\x01p", "\x81\x00"
	through(t, "ws_fragment", `{"frames":2}`,
		ping+empty+"\xc1\x03abc"+"\x02\x02de"+ping+"\x00\x00"+"\x80\x01f",
		ping+empty+"\x41\x02ab\x80\x01c"+"\x02\x01d\x00\x01e"+ping+"\x00\x00"+"\x80\x01f")
	// The key 1234 is turned by what a piece is away from the beginning.
	through(t, "ws_fragment", `{"frames":3}`,
		"\x82\x86\x01\x02\x03\x04abcdef",
		"\x02\x82\x01\x02\x03\x04ab"+"\x00\x82\x03\x04\x01\x02cd"+"\x80\x82\x01\x02\x03\x04ef")
}
