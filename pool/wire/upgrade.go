package wire

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gobwas/ws"
)

// answerLimit is how many bytes a server or a proxy may answer with.
const answerLimit = 64 << 10

var errAnswerTooLong = errors.New("the answer is too long")

// ours are the headers that a user's must not replace.
var ours = map[string]bool{
	"Host": true, "Upgrade": true, "Connection": true, "Sec-Websocket-Key": true, "Sec-Websocket-Version": true,
	"Sec-Websocket-Protocol": true, "Sec-Websocket-Extensions": true,
}

// agreed is what an upgrade came to.
type agreed struct {
	subprotocol string
	deflate     bool
	ahead       []byte // what the server sent behind its 101
}

// malformed is an answer that is not what RFC 6455 4.1 asks for.
type malformed struct{ error }

func (m *malformed) Unwrap() error { return m.error }

// upgrade makes a WebSocket connection of a stream.
func (d *Dialer) upgrade(stream net.Conn, to *target, r Request) (a agreed, err error) {
	loan := lent.Get().(*[lentBuffer]byte)
	defer lent.Put(loan)
	key := newKey()
	offer := d.Subprotocols
	if r.Subprotocols != nil {
		offer = r.Subprotocols
	}
	if _, err := stream.Write(d.request(loan[:0], to, r.Header, offer, key)); err != nil {
		return a, err
	}
	in := &bounded{from: stream, left: answerLimit}
	n, _ := in.Read(loan[:]) // which remembers its error
	a, ok := usual(loan[:n], key)
	if !ok {
		if a, err = d.unusual(loan[:n], in, offer, key); err != nil {
			return a, err
		}
	}
	if r.Subprotocols != nil && a.subprotocol == "" {
		return a, &malformed{&UnchosenError{"the server chose no subprotocol, expected one of " + strings.Join(offer, ", ")}}
	}
	return a, nil
}

// UnchosenError is an upgrade to none of the subprotocols that were offered, where the server
// must choose one (Request.Subprotocols), or to another.
type UnchosenError struct{ why string }

func (e *UnchosenError) Error() string { return e.why }

// unusual reads an answer of which the beginning was read.
func (d *Dialer) unusual(beginning []byte, in *bounded, offer []string, key nonce) (a agreed, err error) {
	buffered := answers.Get().(*bufio.Reader)
	buffered.Reset(io.MultiReader(bytes.NewReader(beginning), in))
	defer func() {
		buffered.Reset(nil)
		answers.Put(buffered)
	}()
	answer, err := http.ReadResponse(buffered, nil)
	if err != nil {
		return a, in.blame(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return a, &refusal{who: "the server", status: answer.Status, header: answer.Header, code: ws.StatusError(answer.StatusCode)}
	}
	if a, err = d.agree(answer, offer, key); err != nil {
		return a, &malformed{err}
	}
	if n := buffered.Buffered(); n > 0 {
		a.ahead = make([]byte, n)
		_, _ = io.ReadFull(buffered, a.ahead) // they are buffered
	}
	return a, nil
}

var answers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, lentBuffer) }}

// nonce is what a client wants answered, as it is sent.
type nonce [24]byte

// newKey draws 16 bytes.
func newKey() (key nonce) {
	var drawn [16]byte
	_, _ = rand.Read(drawn[:]) // never fails
	base64.StdEncoding.Encode(key[:], drawn[:])
	return key
}

// request appends the client's side of the handshake (RFC 6455 4.1).
func (d *Dialer) request(b []byte, to *target, header http.Header, offer []string, key nonce) []byte {
	header = canonical(header)
	host := to.url.Host
	if h := header.Get("Host"); h != "" {
		host = strings.Map(visible, h)
	}
	b = append(append(b, "GET "...), to.uri...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	b = append(append(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...), key[:]...)
	if len(offer) > 0 {
		b = append(append(b, "\r\nSec-WebSocket-Protocol: "...), strings.Map(visible, strings.Join(offer, ","))...)
	}
	if d.Deflate {
		b = append(b, "\r\nSec-WebSocket-Extensions: "+deflateOffer...)
	}
	if to.url.User != nil && header.Get("Authorization") == "" {
		b = append(append(b, "\r\nAuthorization: "...), basic(to.url.User)...)
	}
	b = append(b, "\r\n"...)
	if len(header) > 0 {
		rest := bytes.NewBuffer(b)
		_ = header.WriteSubset(rest, ours) // to memory; it leaves out what is no header
		b = rest.Bytes()
	}
	return append(b, "\r\n"...)
}

// canonical is a header by whose names Get finds all: whoever has made it as a map may have
// written them otherwise.
func canonical(h http.Header) http.Header {
	for name := range h {
		if http.CanonicalHeaderKey(name) == name {
			continue
		}
		all := http.Header{}
		for name, values := range h {
			for _, v := range values {
				all.Add(name, v)
			}
		}
		return all
	}
	return h
}

// visible drops what would end a header's line.
func visible(c rune) rune {
	if c <= ' ' || c == 0x7f {
		return -1
	}
	return c
}

// agree holds a 101 against what was asked for.
func (d *Dialer) agree(answer *http.Response, offer []string, key nonce) (a agreed, err error) {
	h := answer.Header
	protocols := h.Values("Sec-Websocket-Protocol")
	switch {
	case !answer.ProtoAtLeast(1, 1):
		return a, fmt.Errorf("an upgrade by %s", answer.Proto)
	case !strings.EqualFold(strings.TrimSpace(strings.Join(h.Values("Upgrade"), ",")), "websocket"):
		return a, fmt.Errorf("an upgrade to %q: expected websocket", h.Get("Upgrade"))
	case !hasToken(h.Values("Connection"), "upgrade"):
		return a, fmt.Errorf("header Connection is %q: expected upgrade", h.Get("Connection"))
	case !answered([]byte(strings.Join(h.Values("Sec-Websocket-Accept"), ",")), key):
		return a, fmt.Errorf("header Sec-WebSocket-Accept is %q, which does not answer our key", h.Get("Sec-Websocket-Accept"))
	case len(protocols) > 1 || len(protocols) == 1 && !slices.Contains(offer, protocols[0]):
		return a, &UnchosenError{fmt.Sprintf("subprotocol %q, which was not offered", strings.Join(protocols, ","))}
	}
	if len(protocols) == 1 {
		a.subprotocol = protocols[0]
	}
	a.deflate, err = agreedDeflate(h.Values("Sec-Websocket-Extensions"), d.Deflate)
	return a, err
}

// guid is what makes an answer one of a server that speaks WebSocket (RFC 6455 1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// hasToken looks for a token in comma-separated lists.
func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for t := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// bounded limits what is read during a handshake, and remembers how reading failed.
type bounded struct {
	from io.Reader
	left int
	err  error
}

func (b *bounded) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left <= 0 {
		b.err = errAnswerTooLong
		return 0, b.err
	}
	n, err = b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil {
		b.err = err
	}
	return n, err
}

// blame tells whether an error of the parser is one of the connection, or the answer's.
func (b *bounded) blame(err error) error {
	switch b.err {
	case nil:
		return &malformed{err}
	case io.EOF:
		return io.ErrUnexpectedEOF
	}
	return b.err
}
