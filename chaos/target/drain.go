package target

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// Drain lets nobody in any more and begins to end every open connection with a close
// frame of a code. It returns how many frames went out: when all did, or ctx ended. A
// client that does not leave is waited for only briefly.
func (s *Server) Drain(ctx context.Context, code uint16) int {
	s.mu.Lock()
	s.closing = true
	var open []*connection
	for c := range s.connections {
		if c.open {
			open = append(open, c)
		}
	}
	s.mu.Unlock()
	var sent atomic.Int64
	var parting sync.WaitGroup
	for _, c := range open {
		// Who reads nothing holds up only the frame that is meant for it.
		parting.Go(func() {
			if c.part(code, "") {
				sent.Add(1)
			}
		})
	}
	all := make(chan struct{})
	go func() {
		parting.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-ctx.Done():
	}
	return int(sent.Load())
}

// drained is the answer of POST /drain.
type drained struct {
	Sent int `json:"sent"` // close frames
}

func (s *Server) postDrain(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.ParseUint(r.URL.Query().Get("code"), 10, 16)
	if err != nil || code < 1000 || code > 4999 {
		http.Error(w, fmt.Sprintf("code %q, expected a close code from 1000 to 4999", r.URL.Query().Get("code")), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout/2)
	defer cancel()
	sendJSON(w, drained{s.Drain(ctx, uint16(code))})
}

// Drain has a target process drain, at the Control address of its Hello, and returns how
// many close frames it sent.
func Drain(ctx context.Context, control string, code uint16) (int, error) {
	var d drained
	err := call(ctx, http.MethodPost, control, "/drain?code="+strconv.Itoa(int(code)), nil, &d)
	return d.Sent, err
}
