package soak

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// longest is the largest frame that a server takes.
const longest = 1 << 20

// visit is one connection as its server sees it.
type visit struct {
	*line
	server *server
	number uint64 // among all of all servers
	in     *bufio.Reader
	open   bool // the 101 was sent; guarded by the server's mutex

	mu     sync.Mutex // of writing
	said   bool       // a close frame was sent: nothing follows
	pushed uint64

	order map[string]uint64 // the last number of each key that came
	part  []byte            // of a message in fragments
	cut   bool              // there is one
}

// serve is the connection's life.
func (v *visit) serve() error {
	v.in = bufio.NewReader(v)
	request, err := http.ReadRequest(v.in)
	if err != nil {
		return err
	}
	s := v.server
	switch {
	case s.is(hang):
		_, err := io.Copy(io.Discard, v.in)
		return err
	case s.is(busy):
		return v.refuse("503 Service Unavailable", "Retry-After: 1\r\n")
	case request.Header.Get("Authorization") != s.house.token():
		s.house.hit(rotate, 1)
		return v.refuse("401 Unauthorized", "")
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if _, err := fmt.Fprintf(v, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:])); err != nil {
		return err
	}
	switch {
	case s.is(slam):
		return nil
	case s.is(mute):
		_, err := io.Copy(io.Discard, v.in)
		return err
	}
	s.opened(v)
	for {
		if err := v.frame(); err != nil {
			return err
		}
	}
}

// refuse answers the upgrade with a status.
func (v *visit) refuse(status, header string) error {
	_, err := fmt.Fprintf(v, "HTTP/1.1 %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status, header)
	return err
}

var errLeft = errors.New("the peer closed")

// frame takes one frame.
func (v *visit) frame() error {
	h, err := ws.ReadHeader(v.in)
	if err != nil {
		return err
	}
	if !h.Masked || h.Rsv != 0 || h.Length > longest || h.OpCode.IsControl() != (h.OpCode&8 != 0) || h.OpCode.IsControl() && !h.Fin {
		v.server.record.breach("connection %d: the header %+v", v.number, h)
		return errors.New("breach")
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(v.in, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		return v.write(ws.OpPong, payload)
	case ws.OpPong:
		return nil
	case ws.OpClose:
		if err := v.write(ws.OpClose, payload); err != nil {
			return err
		}
		return errLeft
	}
	if v.cut != (h.OpCode == ws.OpContinuation) {
		v.server.record.breach("connection %d: a frame of %v between fragments: %v", v.number, h.OpCode, v.cut)
		return errors.New("breach")
	}
	v.part = append(v.part, payload...)
	if v.cut = !h.Fin; v.cut {
		return nil
	}
	payload, v.part = v.part, nil
	return v.message(payload)
}

// message does what one message asks.
func (v *visit) message(payload []byte) error {
	r := v.server.record
	w, ok := parse(payload)
	if !ok {
		r.breach("connection %d: a message of %d bytes that begins with %.40q", v.number, len(payload), payload)
		return errors.New("breach")
	}
	switch w.verb {
	case "hello":
		return v.have(r.highest(w.key))
	case "keep":
		v.follows(w)
		if err := v.have(r.keep(w.key, w.n)); err != nil {
			return err
		}
		return v.push()
	case "note":
		v.follows(w)
		r.note(w.id())
		return v.push()
	case "tell":
		r.note(w.id())
		return v.push()
	case "ask":
		r.note(w.id())
		fallthrough
	case "look":
		return v.write(ws.OpText, word{"answer", w.key, w.n}.with(0))
	}
	r.breach("connection %d: the word %q", v.number, w.verb)
	return errors.New("breach")
}

// follows makes sure that a session's messages come in order.
func (v *visit) follows(w word) {
	if last := v.order[w.key]; w.n <= last {
		v.server.record.breach("connection %d: session %s: %d came after %d", v.number, w.key, w.n, last)
	}
	v.order[w.key] = w.n
}

func (v *visit) have(n uint64) error {
	return v.write(ws.OpText, word{"have", "-", n}.with(0))
}

// push sends the next number of the connection.
func (v *visit) push() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pushed++
	return v.put(ws.OpBinary, word{"push", strconv.FormatUint(v.number, 10), v.pushed}.with(0))
}

func (v *visit) write(op ws.OpCode, payload []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.put(op, payload)
}

// put writes a frame, unless the server has said good-bye. The mutex must be held.
func (v *visit) put(op ws.OpCode, payload []byte) error {
	if v.said {
		return nil
	}
	v.said = op == ws.OpClose
	_, err := v.Write(ws.MustCompileFrame(ws.NewFrame(op, true, payload)))
	return err
}

// goodbye ends the connection by a close frame, and then by force.
func (v *visit) goodbye(code ws.StatusCode) {
	if v.write(ws.OpClose, ws.NewCloseFrameBody(code, "soak")) != nil {
		return
	}
	clock := time.NewTimer(time.Second)
	defer clock.Stop()
	select {
	case <-clock.C:
		_ = v.Close()
	case <-v.dead:
	}
}

// leave ends it when its life is over: as servers do, without reading what is left.
func (v *visit) leave(err error) {
	if errors.Is(err, errLeft) {
		_ = v.CloseWrite()
		_ = v.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.Copy(io.Discard, v.in)
	}
	_ = v.Close()
}
