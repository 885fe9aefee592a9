package failures

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// flaws are what is wrong with a naive client. Without any it is a reconnecting client
// that does what articles about them recommend: exponential backoff with jitter that is
// forgotten after 10 s of life, deadlines on dials and writes, one loop.
type flaws struct {
	url      func() string             // next to dial; nil: ws://10.0.0.1:80/
	report   func(url string, e error) // how that went; nil: nobody listens
	header   func() http.Header
	delay    func(n int) time.Duration // before attempt n in a row, n >= 1; nil: U(c/2, c), c = 1 s · 2^(n-1), at most 30 s
	attempts int                       // after so many failures in a row it stops for good; 0: never

	resetsOnOpen     bool // the 101 makes it forget its failures
	refreshes        bool // every 30 s the name is resolved again, and with it goes the backoff
	endlessHandshake bool // nothing bounds an upgrade
	stopsAtNon101    bool // only the end of an open connection is a reason to come back
	dropsRest        bool // what came with the 101 is not looked at
	believesHeaders  bool // the length in a frame's header is memory that is wanted
	strictCodes      bool // a close code that ws.CheckCloseFrameData does not know breaks the protocol, for good
	pings            bool // it pings each 10 s, and wants a pong within 3 s of that, whatever else happens
	pingsForEver     bool // the keepalive of a connection outlives it, and ends what is open when its own pong is late
	endsPolitely     bool // whoever ends a connection waits for the peer's close frame
	endlessWrites    bool // writes have no deadline
	locksWrites      bool // one lock is held over writes, and everything wants it
	locksCallbacks   bool // one lock is held while the application is called
	twoLoops         bool // who wants to write reconnects as well when the connection is gone
	sleepsOn         bool // a close is not noticed in the wait before an attempt
	contextKills     bool // a request whose context ends takes the connection with it
	queues           bool // what is sent while there is no connection waits for one, however much it is
	hoards           bool // what arrives waits for the application, however much it is
	twoWrites        bool // the header of a frame is written, then its payload
	resends          int  // so many times, what was not answered is sent again after a reconnect; -1: always

	receive func(text string) // the application; nil: none
	lifeEnd time.Duration     // the connection is replaced at that age, broken first; 0: never
}

var errDown = errors.New("not connected")

// naive is the reconnecting client of the textbooks.
type naive struct {
	flaws
	w *world

	// lock is what locksWrites and locksCallbacks hold: a channel, for a bubble sees
	// nothing of those who wait for a mutex, and its time would stand still.
	lock    chan struct{}
	writing chan struct{}
	over    chan struct{} // closed by close
	running sync.WaitGroup

	mu       sync.Mutex
	rand     *rand.Rand
	conn     net.Conn
	ended    chan struct{} // closed when conn's reader has ended
	texts    []string
	backlog  []string // queues: what waits
	pending  []string // resends: what was not answered
	waiting  map[string]chan string
	pongs    map[net.Conn]time.Time
	closed   bool
	promised int64 // believesHeaders: the most memory that a header was given
}

func (w *world) naive(f flaws) *naive {
	n := &naive{
		flaws: f, w: w, lock: make(chan struct{}, 1), writing: make(chan struct{}, 1), over: make(chan struct{}),
		rand: rand.New(rand.NewPCG(42, uint64(len(w.naives)))), waiting: map[string]chan string{}, pongs: map[net.Conn]time.Time{},
	}
	w.naives = append(w.naives, n)
	n.running.Add(1)
	go n.run()
	return n
}

// run is the loop: dial, read until the end, wait, again.
func (n *naive) run() {
	defer n.running.Done()
	refreshed := time.Now()
	for failed := 0; ; {
		if n.refreshes && time.Since(refreshed) >= 30*time.Second {
			refreshed, failed = time.Now(), min(failed, 1)
		}
		if failed > 0 && !n.wait(n.next(failed)) {
			return
		}
		url := "ws://10.0.0.1:80/"
		if n.url != nil {
			url = n.url()
		}
		conn, r, err := n.dial(url)
		if n.report != nil {
			n.report(url, err)
		}
		failed++
		if err != nil {
			if errors.As(err, new(ws.StatusError)) && n.stopsAtNon101 || n.attempts > 0 && failed >= n.attempts {
				return
			}
			continue
		}
		if n.resetsOnOpen {
			failed = 1
		}
		opened := time.Now()
		n.attach(conn)
		again := n.read(conn, r)
		n.detach(conn)
		if !again {
			return
		}
		if time.Since(opened) >= 10*time.Second {
			failed = 1
		}
	}
}

func (n *naive) next(failed int) time.Duration {
	if n.delay != nil {
		return n.delay(failed)
	}
	c := min(30*time.Second, time.Second<<min(failed-1, 10))
	n.mu.Lock()
	defer n.mu.Unlock()
	return c/2 + time.Duration(n.rand.Int64N(int64(c/2)))
}

// wait is false when there is no reason to go on.
func (n *naive) wait(d time.Duration) bool {
	over := n.over
	if n.sleepsOn {
		over = nil
	}
	select {
	case <-time.After(d):
		return true
	case <-over:
		return false
	case <-n.w.quit:
		return false
	}
}

// dial returns a connection and what to read it by.
func (n *naive) dial(url string) (net.Conn, io.Reader, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !n.endlessHandshake {
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	d := ws.Dialer{NetDial: n.w.DialContext}
	if n.header != nil {
		d.Header = ws.HandshakeHeaderHTTP(n.header())
	}
	conn, rest, _, err := d.Dial(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	if rest == nil || n.dropsRest {
		return conn, conn, nil
	}
	return conn, rest, nil
}

func (n *naive) attach(conn net.Conn) {
	n.mu.Lock()
	n.conn, n.ended = conn, make(chan struct{})
	n.pongs[conn] = time.Now()
	backlog := n.backlog
	n.backlog = nil
	if n.resends != 0 {
		backlog = append(backlog, n.pending...)
		if len(n.pending) > 0 {
			n.resends--
		}
	}
	closed := n.closed && !n.sleepsOn
	n.mu.Unlock()
	if closed {
		conn.Close()
	}
	for _, text := range backlog {
		_ = n.write(conn, ws.NewTextFrame([]byte(text)))
	}
	if n.pings {
		n.running.Add(1)
		go n.keepalive(conn, n.ended)
	}
	if n.lifeEnd > 0 {
		n.running.Add(1)
		go func() {
			defer n.running.Done()
			if n.wait(n.lifeEnd) {
				conn.Close()
			}
		}()
	}
}

func (n *naive) detach(conn net.Conn) {
	conn.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn == conn {
		n.conn = nil
		close(n.ended)
	}
}

// read reads until the connection ends, and tells whether another is wanted.
func (n *naive) read(conn net.Conn, r io.Reader) (again bool) {
	for {
		h, err := ws.ReadHeader(r)
		if err != nil {
			return true
		}
		payload, err := n.payload(r, h)
		if err != nil {
			return true
		}
		switch h.OpCode {
		case ws.OpPing:
			_ = n.write(conn, ws.NewPongFrame(payload))
		case ws.OpPong:
			n.mu.Lock()
			n.pongs[conn] = time.Now()
			n.mu.Unlock()
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			if n.strictCodes && ws.CheckCloseFrameData(code, reason) != nil {
				_ = n.write(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusProtocolError, "")))
				return false
			}
			_ = n.write(conn, ws.NewCloseFrame(payload))
			return true
		default:
			n.take(string(payload))
		}
	}
}

func (n *naive) payload(r io.Reader, h ws.Header) ([]byte, error) {
	if n.believesHeaders {
		n.mu.Lock()
		n.promised = max(n.promised, h.Length)
		n.mu.Unlock()
		payload := make([]byte, h.Length)
		_, err := io.ReadFull(r, payload)
		return payload, err
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, r, h.Length)
	return b.Bytes(), err
}

// take is one message that arrived.
func (n *naive) take(text string) {
	verb, rest, _ := strings.Cut(text, " ")
	n.mu.Lock()
	if answer := n.waiting[rest]; verb == "res" && answer != nil {
		answer <- text
		delete(n.waiting, rest)
		n.mu.Unlock()
		return
	}
	if verb == "ack" || verb == "res" {
		n.pending = slices.DeleteFunc(n.pending, func(p string) bool { return strings.HasSuffix(p, " "+rest) })
	}
	n.texts = append(n.texts, text)
	n.mu.Unlock()
	if n.receive == nil || n.hoards {
		return
	}
	if n.locksCallbacks {
		if !n.enter() {
			return
		}
		defer n.leave()
	}
	n.receive(text)
}

// enter and leave hold the one lock.
func (n *naive) enter() bool {
	select {
	case n.lock <- struct{}{}:
		return true
	case <-n.w.quit:
		return false
	}
}

func (n *naive) leave() { <-n.lock }

// keepalive pings, and ends a connection whose pong is late.
func (n *naive) keepalive(conn net.Conn, ended chan struct{}) {
	defer n.running.Done()
	if n.pingsForEver {
		ended = nil
	}
	for {
		select {
		case <-time.After(10 * time.Second):
		case <-ended:
			return
		case <-n.w.quit:
			return
		}
		asked := time.Now()
		ping := make(chan struct{})
		n.running.Add(1)
		go func() {
			defer n.running.Done()
			defer close(ping)
			_ = n.write(conn, ws.NewPingFrame(nil))
		}()
		if n.locksWrites {
			<-ping
		}
		if !n.wait(3 * time.Second) {
			return
		}
		n.mu.Lock()
		late, current := n.pongs[conn].Before(asked), n.conn
		n.mu.Unlock()
		if !late {
			continue
		}
		if !n.pingsForEver {
			current = conn
		}
		if current != nil {
			n.hangUp(current)
		}
		if !n.pingsForEver {
			return
		}
	}
}

// hangUp ends a connection.
func (n *naive) hangUp(conn net.Conn) {
	if !n.endsPolitely {
		conn.Close()
		return
	}
	_ = n.write(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	n.mu.Lock()
	ended := n.ended
	n.mu.Unlock()
	select {
	case <-ended:
	case <-n.w.quit:
	}
	conn.Close()
}

// write writes one frame.
func (n *naive) write(conn net.Conn, f ws.Frame) error {
	if n.locksWrites {
		if !n.enter() {
			return net.ErrClosed
		}
		defer n.leave()
	}
	select { // one frame at a time
	case n.writing <- struct{}{}:
	case <-n.w.quit:
		return net.ErrClosed
	}
	defer func() { <-n.writing }()
	if !n.endlessWrites {
		_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	}
	f = ws.MaskFrame(f)
	if n.twoWrites {
		return ws.WriteFrame(conn, f)
	}
	_, err := conn.Write(ws.MustCompileFrame(f))
	return err
}

func (n *naive) send(text string) error {
	n.mu.Lock()
	conn := n.conn
	if conn == nil && n.queues {
		n.backlog = append(n.backlog, text)
	}
	if n.resends != 0 && conn != nil {
		n.pending = append(n.pending, text)
	}
	n.mu.Unlock()
	if conn == nil && n.queues {
		return nil
	}
	err := errDown
	if conn != nil {
		err = n.write(conn, ws.NewTextFrame([]byte(text)))
	}
	if err != nil && n.twoLoops { // whether the reader has seen it already or not
		n.mu.Lock()
		if n.conn == conn {
			n.conn = nil
		}
		n.mu.Unlock()
		n.running.Add(1)
		go n.run()
	}
	return err
}

func (n *naive) request(ctx context.Context, text string) (string, error) {
	_, id, _ := strings.Cut(text, " ")
	answer := make(chan string, 1)
	n.mu.Lock()
	n.waiting[id] = answer
	conn := n.conn
	n.mu.Unlock()
	if err := n.send(text); err != nil {
		return "", err
	}
	select {
	case text := <-answer:
		return text, nil
	case <-ctx.Done():
		if n.contextKills {
			conn.Close()
		}
		return "", ctx.Err()
	}
}

func (n *naive) connected() bool {
	if n.locksWrites {
		if !n.enter() {
			return false
		}
		defer n.leave()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conn != nil
}

func (n *naive) heard() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.texts)
}

func (n *naive) close() {
	if n.locksWrites || n.locksCallbacks {
		if !n.enter() {
			return
		}
		defer n.leave()
	}
	n.mu.Lock()
	conn, first := n.conn, !n.closed
	n.closed = true
	n.mu.Unlock()
	if first {
		close(n.over)
	}
	if conn != nil {
		n.hangUp(conn)
	}
}

// abandon is the end of the process: nothing hangs any longer.
func (n *naive) abandon() {
	n.mu.Lock()
	if n.conn != nil {
		n.conn.Close()
	}
	if !n.closed {
		n.closed = true
		close(n.over)
	}
	n.mu.Unlock()
	n.running.Wait()
}
