package toxi

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/chaos"
)

const (
	headerLimit = 16 << 10 // bytes of an upgrade request that are searched for the identity
	foreign     = 1 << 63  // client numbers from here on are ordinals of arrival
)

// identity is who is on a connection.
type identity struct {
	client uint64
	gen    uint32
	opaque bool // not HTTP: there is no upgrade to be seen
}

// requestReader finds the identity in the head of an upgrade request that arrives in
// pieces. The zero value is ready.
type requestReader struct{ head []byte }

// feed takes the next bytes of the stream. Done tells that no more are needed: the head
// is complete, too long, or was never HTTP. Named tells that an identity was found.
func (r *requestReader) feed(b []byte) (who identity, named, done bool) {
	r.head = append(r.head, b[:min(len(b), headerLimit-len(r.head))]...)
	if !couldBeRequest(r.head) {
		r.head = nil
		return identity{opaque: true}, false, true
	}
	end := headEnd(r.head)
	if end < 0 {
		if len(r.head) < headerLimit {
			return identity{}, false, false
		}
		end = len(r.head)
	}
	who, named = identityIn(r.head[:end])
	r.head = nil
	return who, named, true
}

// couldBeRequest says whether b begins as an upgrade request does, as far as it goes.
func couldBeRequest(b []byte) bool {
	const get = "GET "
	n := min(len(b), len(get))
	return string(b[:n]) == get[:n]
}

// couldBeAnswer says whether b begins as an answer to an upgrade request does, as far as it goes.
func couldBeAnswer(b []byte) bool {
	const version = "HTTP/"
	n := min(len(b), len(version))
	return string(b[:n]) == version[:n]
}

// headEnd returns the length of an HTTP head with its empty line, -1 while incomplete.
func headEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		line := bytes.TrimSuffix(b[at:at+i], []byte("\r"))
		at += i + 1
		if len(line) == 0 {
			return at
		}
	}
}

// identityIn reads the identity from a complete head: from the first header of the name,
// and where there is none, from the query. One that cannot be read names nobody.
func identityIn(head []byte) (identity, bool) {
	for line := range bytes.Lines(head) {
		name, value, ok := strings.Cut(string(line), ":")
		if ok && strings.EqualFold(name, chaos.IdentityHeader) {
			return parseIdentity(strings.TrimSpace(value))
		}
	}
	return identityOf(head)
}

// identityOf reads the identity from the query of the head's first line.
func identityOf(head []byte) (identity, bool) {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) < 2 {
		return identity{}, false
	}
	_, query, _ := strings.Cut(fields[1], "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name != chaos.IdentityParameter {
			continue
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			return identity{}, false
		}
		return parseIdentity(value)
	}
	return identity{}, false
}

// parseIdentity reads "client/generation" or "client".
func parseIdentity(text string) (identity, bool) {
	client, gen, told := strings.Cut(text, "/")
	c, err := strconv.ParseUint(client, 10, 63)
	if err != nil {
		return identity{}, false
	}
	if !told {
		return identity{client: c}, true
	}
	g, err := strconv.ParseUint(gen, 10, 32)
	if err != nil {
		return identity{}, false
	}
	return identity{client: c, gen: uint32(g)}, true
}

// statusReader sees whether a response that arrives in pieces begins with the status
// 101. The zero value is ready.
type statusReader struct {
	head [len("HTTP/1.1 101")]byte
	n    int
	done bool
}

// status is what the response said; 0: nothing yet, or no HTTP.
func (r *statusReader) status() int {
	const before = len("HTTP/1.1 ")
	if !r.done || string(r.head[:5]) != "HTTP/" {
		return 0
	}
	n, err := strconv.ParseUint(string(r.head[before:]), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// feed takes the next bytes and returns true once, when they complete a 101.
func (r *statusReader) feed(b []byte) bool {
	if r.done {
		return false
	}
	r.n += copy(r.head[r.n:], b)
	if r.n < len(r.head) {
		return false
	}
	r.done = true
	return string(r.head[:]) == "HTTP/1.1 101"
}
