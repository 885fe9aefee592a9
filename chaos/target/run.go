package target

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Hello is the line that Run writes when it is ready: where it listens, host:port.
type Hello struct {
	Listen  string `json:"listen"`
	Control string `json:"control"`
	CA      string `json:"ca,omitempty"` // PEM, what clients have to trust; empty without TLS
}

// URL is the WebSocket address of the server that said hello.
func (h Hello) URL() string {
	if h.CA != "" {
		return "wss://" + h.Listen + "/"
	}
	return "ws://" + h.Listen + "/"
}

// Run is the whole of a target process: it listens, writes its Hello to hello as one
// line of JSON, and serves until ctx ends, when it returns nil. Every mistake in the
// options, or an address that cannot be had, is an error before anything is written.
func Run(ctx context.Context, o Options, hello io.Writer) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	control, err := net.Listen("tcp", s.options.Control)
	if err != nil {
		return err
	}
	defer control.Close()
	line, err := json.Marshal(Hello{Listen: ln.Addr().String(), Control: control.Addr().String(), CA: string(s.CA())})
	if err != nil {
		return err
	}
	if _, err := hello.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Server{Handler: s.Control(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	controlled := make(chan error, 1)
	go func() {
		err := web.Serve(control)
		cancel() // a target that cannot be asked is of no use
		controlled <- err
	}()
	err = s.Serve(ctx, ln)
	_ = web.Close()
	if controlErr := <-controlled; err == nil && controlErr != http.ErrServerClosed {
		err = fmt.Errorf("control listener: %w", controlErr)
	}
	return err
}
