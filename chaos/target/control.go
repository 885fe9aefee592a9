package target

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Control serves the server's state as JSON:
//
//	GET /stats     Stats
//	GET /sessions  a list of Session
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.Stats()) })
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.Sessions()) })
	return mux
}

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
	url := "http://" + control + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := asker.Do(req)
	if err != nil {
		return err // says method and URL
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: HTTP %s", url, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("get %s: %w", url, err)
	}
	return nil
}
