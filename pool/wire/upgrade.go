package wire

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
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
func (d *Dialer) upgrade(stream net.Conn, u *url.URL, header http.Header) (a agreed, err error) {
	key := newKey()
	if _, err := stream.Write(d.request(u, header, key)); err != nil {
		return a, err
	}
	in := &bounded{from: stream, left: answerLimit}
	buffered := answers.Get().(*bufio.Reader)
	buffered.Reset(in)
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
	if a, err = d.agree(answer, key); err != nil {
		return a, &malformed{err}
	}
	if n := buffered.Buffered(); n > 0 {
		a.ahead = make([]byte, n)
		_, _ = io.ReadFull(buffered, a.ahead) // they are buffered
	}
	return a, nil
}

var answers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

// newKey is a nonce of 16 bytes.
func newKey() string {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// request is the client's side of the handshake (RFC 6455 4.1).
func (d *Dialer) request(u *url.URL, header http.Header, key string) []byte {
	var b bytes.Buffer
	b.Grow(512)
	host := u.Host
	if h := header.Get("Host"); h != "" {
		host = strings.Map(visible, h)
	}
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", u.RequestURI(), host)
	fmt.Fprintf(&b, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", key)
	if len(d.Subprotocols) > 0 {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", strings.Map(visible, strings.Join(d.Subprotocols, ",")))
	}
	if d.Deflate {
		fmt.Fprintf(&b, "Sec-WebSocket-Extensions: %s\r\n", deflateOffer)
	}
	if u.User != nil && header.Get("Authorization") == "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", basic(u.User))
	}
	_ = header.WriteSubset(&b, ours) // to memory; it leaves out what is no header
	b.WriteString("\r\n")
	return b.Bytes()
}

// visible drops what would end a header's line.
func visible(c rune) rune {
	if c <= ' ' || c == 0x7f {
		return -1
	}
	return c
}

// agree holds a 101 against what was asked for.
func (d *Dialer) agree(answer *http.Response, key string) (a agreed, err error) {
	h := answer.Header
	protocols := h.Values("Sec-Websocket-Protocol")
	switch {
	case !answer.ProtoAtLeast(1, 1):
		return a, fmt.Errorf("an upgrade by %s", answer.Proto)
	case !strings.EqualFold(strings.TrimSpace(strings.Join(h.Values("Upgrade"), ",")), "websocket"):
		return a, fmt.Errorf("an upgrade to %q: expected websocket", h.Get("Upgrade"))
	case !hasToken(h.Values("Connection"), "upgrade"):
		return a, fmt.Errorf("header Connection is %q: expected upgrade", h.Get("Connection"))
	case strings.Join(h.Values("Sec-Websocket-Accept"), ",") != acceptOf(key):
		return a, fmt.Errorf("header Sec-WebSocket-Accept is %q, which does not answer our key", h.Get("Sec-Websocket-Accept"))
	case len(protocols) > 1 || len(protocols) == 1 && !slices.Contains(d.Subprotocols, protocols[0]):
		return a, fmt.Errorf("subprotocol %q, which was not offered", strings.Join(protocols, ","))
	}
	if len(protocols) == 1 {
		a.subprotocol = protocols[0]
	}
	a.deflate, err = agreedDeflate(h.Values("Sec-Websocket-Extensions"), d.Deflate)
	return a, err
}

// acceptOf is how a server answers a key (RFC 6455 1.3).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

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
