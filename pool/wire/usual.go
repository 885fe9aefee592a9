package wire

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// usual reads the answer that nearly every server gives: a 101 that came in one piece and
// says, beside what is needed, nothing that matters here. false: it may be another, which
// package net/http takes several times as long to tell (bench/cost, reconnect).
func usual(answer []byte, key nonce) (a agreed, ok bool) {
	const status = "HTTP/1.1 101 "
	if !bytes.HasPrefix(answer, []byte(status)) {
		return a, false
	}
	line, rest, ok := bytes.Cut(answer[len(status):], crlf)
	if !ok || !printable(line) {
		return a, false
	}
	var upgrades, connects, accepts int
	for {
		if line, rest, ok = bytes.Cut(rest, crlf); !ok {
			return a, false
		}
		if len(line) == 0 {
			break
		}
		name, value, colon := bytes.Cut(line, []byte(": "))
		if !colon || !letters(name) || !printable(value) {
			return a, false
		}
		switch {
		case is(name, "Upgrade"):
			upgrades++
			ok = is(value, "websocket")
		case is(name, "Connection"):
			connects++
			ok = is(value, "Upgrade")
		case is(name, "Sec-WebSocket-Accept"):
			accepts++
			ok = answered(value, key)
		default:
			ok = !matters(name)
		}
		if !ok {
			return a, false
		}
	}
	if len(rest) > 0 {
		a.ahead = bytes.Clone(rest)
	}
	return a, upgrades == 1 && connects == 1 && accepts == 1
}

var crlf = []byte("\r\n")

// matters tells whether a header has a say in an upgrade, or in what package net/http
// makes of an answer.
func matters(name []byte) bool {
	for _, other := range [...]string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Content-Length", "Transfer-Encoding", "Trailer"} {
		if is(name, other) {
			return true
		}
	}
	return false
}

// answered tells whether a key was answered (RFC 6455 1.3).
func answered(value []byte, key nonce) bool {
	var asked [len(key) + len(guid)]byte
	copy(asked[copy(asked[:], key[:]):], guid)
	sum := sha1.Sum(asked[:])
	var want [28]byte
	base64.StdEncoding.Encode(want[:], sum[:])
	return bytes.Equal(value, want[:])
}

// is compares without regard to case; word is ASCII.
func is(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(word[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// letters tells a name of letters, digits and hyphens.
func letters(name []byte) bool {
	for _, c := range name {
		if l := lower(c); (l < 'a' || l > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(name) > 0
}

// printable tells a line of ASCII that can be seen, and spaces.
func printable(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
