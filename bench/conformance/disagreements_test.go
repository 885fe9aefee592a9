package conformance

import (
	"bytes"
	"compress/flate"
	"strings"
)

// disagreement is where a peer judges otherwise than we do.
type disagreement struct {
	peer     string // "gorilla", "coder" or "" for both
	section  string // of the RFC that decides it
	because  string
	example  string // a stream that shows it; deflate was agreed where deflated is set
	deflated bool
	// explains tells whether it is about these two verdicts.
	explains func(ours, theirs verdict) bool
}

// disagreements are all that are known. Where the RFC says must, we do; the rest is said.
var disagreements = []disagreement{
	{
		"", "RFC 6455 8.1", "text that is not UTF-8 fails the connection; peers leave that to the application",
		"\x81\x01\xff", false,
		lenient("text that is not UTF-8"),
	},
	{
		"", "RFC 6455 5.2", "the fewest bytes must hold a length; peers do not look, as browsers do",
		"\x82\x7e\x00\x01a", false,
		lenient("a length of "),
	},
	{
		"coder", "RFC 6455 5.2", "and so the length of a control frame fits into its second byte; coder looks at the value alone",
		"\x89\x7e\x00\x01a", false,
		lenient("a control frame of more than 125 bytes"),
	},
	{
		"coder", "ours", "a breach in the first two bytes is found when they are there; coder wants the whole header, which the end of the stream may cut short or a length may spoil",
		"\x83\x7e", false,
		func(ours, theirs verdict) bool {
			early := ours.tail < 14 && strings.HasSuffix(theirs.why, "EOF") || strings.Contains(theirs.why, "negative payload length")
			return ours.code == 1002 && !theirs.closed && early && alike(ours, theirs)
		},
	},
	{
		"coder", "ours", "a message is too large by the length that its frame declares; coder counts what comes, which the end of the stream cut short",
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x71a", false,
		func(ours, theirs verdict) bool {
			return ours.code == 1009 && !theirs.closed && strings.HasSuffix(theirs.why, "EOF") && alike(ours, theirs)
		},
	},
	{
		"", "RFC 6455 5.2", "the highest bit of a length must be 0; peers hang up without a close frame",
		"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", false,
		func(ours, theirs verdict) bool {
			return ours.why == "a frame whose length has its highest bit set" && !theirs.closed && alike(ours, theirs)
		},
	},
	{
		"", "RFC 6455 7.1.7", "a message that does not inflate fails the connection; peers hang up without a close frame, and inflate " +
			"before the last fragment is there, so that of several breaches they may find another first",
		"\xc1\x05\xff\xff\xff\xff\xff", true,
		func(ours, theirs verdict) bool {
			return ours.deflate && !theirs.closed && same(ours.messages, theirs.messages) && prefixed(theirs.pongs, ours.pongs) &&
				(strings.Contains(theirs.why, "flate: corrupt input") || ours.why == "a message that does not inflate: unexpected EOF")
		},
	},
	{
		"coder", "RFC 6455 5.1", "a client must fail the connection when a frame is masked; coder unmasks it",
		"\x81\x81\x01\x02\x03\x04\x60", false,
		lenient("a masked frame"),
	},
	{
		"coder", "RFC 6455 5.5.1", "a close reason must be UTF-8; coder does not look",
		"\x88\x03\x03\xe8\xff", false,
		func(ours, theirs verdict) bool {
			return ours.why == "a close reason that is not UTF-8" && theirs.closed && alike(ours, theirs)
		},
	},
	{
		"coder", "RFC 6455 5.4", "the end of the stream within a message does not complete it; coder hands over what there is",
		"\x01\x01a", false,
		func(ours, theirs verdict) bool {
			return (!ours.closed || ours.tail < 14) && !theirs.closed && oneMore(ours, theirs)
		},
	},
	{
		"coder", "RFC 7692 7.2.2", "a message that ends within a block, or is nothing at all, does not inflate; coder hands over what there is",
		"\xc1\x00", true,
		lenient("a message that does not inflate"),
	},
	{
		"coder", "RFC 7692 7.2.2", "bytes that are appended to inflate a message are no part of the next; coder begins that with those which a final block has left",
		"\xc1\x02K\x04\xc1\x03J\x04\x00", true,
		func(ours, theirs verdict) bool {
			return ours.deflate && !theirs.closed && len(theirs.messages) > 0 && prefixed(theirs.messages, ours.messages) &&
				strings.Contains(theirs.why, "flate: corrupt input")
		},
	},
	{
		"coder", "RFC 6455 5.4", "a message ends with its last frame; coder has it end with a final block, and then refuses what else its frames hold",
		"\x41\x03K\x04\x00\x83\x00", true,
		func(ours, theirs verdict) bool {
			return ours.deflate && strings.HasSuffix(theirs.why, "previous message not read to completion") &&
				(oneMore(ours, theirs) || prefixed(theirs.messages, ours.messages)) && prefixed(theirs.pongs, ours.pongs)
		},
	},
	{
		"gorilla", "RFC 7692 6.2", "the end of the stream within a deflated message does not complete it; gorilla hands over what there is",
		"\x41\x7e\x88\x04\x03\xecal", true,
		func(ours, theirs verdict) bool {
			return ours.deflate && !ours.closed && !theirs.closed && oneMore(ours, theirs)
		},
	},
	{
		"gorilla", "RFC 6455 5.5.1", "a body of a close frame must have a code of two bytes; gorilla takes one byte for none",
		"\x88\x01\x03", false,
		func(ours, theirs verdict) bool {
			return ours.why == "a close frame with half a code" && theirs.closed && theirs.code == 0 && alike(ours, theirs)
		},
	},
	{
		"gorilla", "RFC 6455 7.4.1", "1007 is the code for what is not UTF-8; gorilla answers a close reason so with 1002",
		"\x88\x03\x03\xe8\xff", false,
		func(ours, theirs verdict) bool {
			return ours.why == "a close reason that is not UTF-8" && theirs.code == 1002 && alike(ours, theirs)
		},
	},
	{
		"gorilla", "IANA registry of close codes", "1014 is a bad gateway; gorilla was written before",
		"\x88\x02\x03\xf6", false,
		func(ours, theirs verdict) bool {
			return ours.why == "" && ours.code == 1014 && theirs.why == "websocket: bad close code 1014" && alike(ours, theirs)
		},
	},
	{
		"gorilla", "RFC 7692 6.1", "only a message's first frame may have RSV1; gorilla takes any",
		"\x01\x01a\xc0\x00", true,
		func(ours, theirs verdict) bool {
			return ours.deflate && lenient("a frame with reserved bits 1")(ours, theirs)
		},
	},
	{
		"gorilla", "ours", "we bound a message as it is inflated, lest it be a bomb; gorilla as it is sent",
		tooLarge(), true,
		func(ours, theirs verdict) bool {
			return ours.deflate && (strings.HasSuffix(ours.why, "bytes when inflated") && prefixed(ours.messages, theirs.messages) ||
				theirs.why == "websocket: read limit exceeded" && prefixed(theirs.messages, ours.messages))
		},
	},
}

// tooLarge is a message of one byte more than the limit, deflated to next to nothing.
func tooLarge() string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(make([]byte, limit+1))
	_ = w.Flush()
	small := b.Bytes()[:b.Len()-4]
	return "\xc2" + string([]byte{byte(len(small))}) + string(small)
}

// lenient explains that we found a rule broken whose name begins so, where the peer does
// not look and goes on.
func lenient(rule string) func(ours, theirs verdict) bool {
	return func(ours, theirs verdict) bool {
		return strings.HasPrefix(ours.why, rule) && prefixed(ours.messages, theirs.messages) && prefixed(ours.pongs, theirs.pongs)
	}
}

// alike tells whether the two received and answered the same until they ended.
func alike(a, b verdict) bool {
	return same(a.messages, b.messages) && same(a.pongs, b.pongs)
}

// oneMore tells whether the peer received one message more.
func oneMore(ours, theirs verdict) bool {
	return len(theirs.messages) == len(ours.messages)+1 && prefixed(ours.messages, theirs.messages)
}

func same(a, b []string) bool { return len(a) == len(b) && prefixed(a, b) }

// prefixed tells whether b begins with a.
func prefixed(a, b []string) bool {
	if len(a) > len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
