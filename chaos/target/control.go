package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Control serves the server's state as JSON:
//
//	GET /stats     Stats
//	GET /sessions  a list of Session
//
// has it part from its clients, before it is ended:
//
//	POST /drain?code=1012  a close frame of that code to each; nobody is let in any more
//
// and has it misbehave, which is for tests and for an Injector:
//
//	POST   /faults           a fault, as posted has it; answered when it is in force
//	DELETE /faults/{fault}   no longer in force; that it was not is no error
//	GET    /evidence/{fault} chaos.Evidence of the last fault of that name, also after it ended
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.Stats()) })
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.Sessions()) })
	mux.HandleFunc("POST /drain", s.postDrain)
	mux.HandleFunc("POST /faults", s.postFault)
	mux.HandleFunc("DELETE /faults/{fault}", func(_ http.ResponseWriter, r *http.Request) { s.clearNamed(r.PathValue("fault")) })
	mux.HandleFunc("GET /evidence/{fault}", func(w http.ResponseWriter, r *http.Request) {
		e, ok := s.evidenceOf(r.PathValue("fault"))
		if !ok {
			http.Error(w, fmt.Sprintf("fault %q: %v", r.PathValue("fault"), errNeverInjected), http.StatusNotFound)
			return
		}
		sendJSON(w, e)
	})
	return mux
}

// postFault is strict: an unknown field is refused by name.
func (s *Server) postFault(w http.ResponseWriter, r *http.Request) {
	// As Toxiproxy does: a page in a browser must not reach the control API.
	if strings.HasPrefix(r.UserAgent(), "Mozilla/") {
		http.Error(w, "user agent not allowed", http.StatusForbidden)
		return
	}
	var in posted
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		http.Error(w, "expected a fault, an object: "+err.Error(), http.StatusBadRequest)
		return
	}
	h, err := s.hookOf(in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.inject(h, in.For); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	sendJSON(w, h.witnessed())
}

const bodyLimit = 1 << 20 // of a request to the control API, bytes

func sendJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the asker has left
}

// askTimeout bounds a question whose context does not.
const askTimeout = 5 * time.Second

// ReadStats asks a target process for its Stats, at the Control address of its Hello.
func ReadStats(ctx context.Context, control string) (Stats, error) {
	var s Stats
	err := ask(ctx, control, "/stats", &s)
	return s, err
}

// ReadSessions asks a target process which clients it counts as connected.
func ReadSessions(ctx context.Context, control string) ([]Session, error) {
	var s []Session
	err := ask(ctx, control, "/sessions", &s)
	return s, err
}

// asker opens a connection per question: questions come a second apart, and one that
// was left open would be counted by whoever counts descriptors. No proxy of the
// environment stands between.
var asker = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: askTimeout}

func ask(ctx context.Context, control, path string, into any) error {
	return call(ctx, http.MethodGet, control, path, nil, into)
}

// call makes one request; in and into are nil for none.
func call(ctx context.Context, method, control, path string, in, into any) error {
	url := "http://" + control + path
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	res, err := asker.Do(req)
	if err != nil {
		return err // says method and URL
	}
	defer res.Body.Close()
	what := strings.ToLower(method) + " " + url
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return fmt.Errorf("%s: HTTP %s: %s", what, res.Status, bytes.TrimSpace(why))
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
