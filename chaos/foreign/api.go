package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// callLimit bounds each call: a server that has answered answers in microseconds.
const callLimit = 3 * time.Second

// api is the control API of a server.
type api struct {
	url   string // http://host:port
	host  string
	limit time.Duration // of each call
	http  *http.Client
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP %d: %s", r.status, r.text) }

// hung tells that a call did not end in its time.
type hung struct {
	call  string
	limit time.Duration
}

func (h *hung) Error() string {
	return fmt.Sprintf("toxiproxy did not answer %s within %v; it hangs, as it does when a toxic changes while a connection has stopped reading", h.call, h.limit)
}

func newAPI(address string, remote bool) (*api, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("toxiproxy %q: expected http://host:port", address)
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); !remote && !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("toxiproxy %q is not on this host; expected a loopback address, or --allow-remote", address)
	}
	return &api{u.Scheme + "://" + u.Host, host, callLimit, &http.Client{Transport: &http.Transport{}}}, nil
}

// slack is by how much more time the removal of a fault's toxics has, all together. Toxiproxy
// waits for 5 s where what a toxic held cannot be written any more, as to clients that have
// given up, and does so for each piece: 10 s, as measured with one direction held. New
// connections wait as long, so that the fault is not over before it has answered. Setting the
// toxic to what does no harm would be answered at once, and now and then kills the server.
const slack = 5

// call makes one request and decodes its answer.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	return a.callWithin(ctx, a.limit, method, path, in, out)
}

func (a *api) callWithin(ctx context.Context, limit time.Duration, method, path string, in, out any) error {
	if at, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(at).Round(time.Millisecond))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := a.request(ctx, method, path, in, out)
	if errors.Is(err, context.DeadlineExceeded) {
		return &hung{method + " " + path, limit}
	}
	return err
}

func (a *api) request(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 != 2:
		var says struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(b, &says) != nil || says.Error == "" {
			says.Error = strings.TrimSpace(string(b))
		}
		return &refusal{resp.StatusCode, says.Error}
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("answer of %s %s: %w", method, path, err)
	}
	return nil
}

func notFound(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == http.StatusNotFound
}

// toxic is one as the server has it.
type toxic struct {
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Toxicity   float64          `json:"toxicity"`
	Attributes map[string]int64 `json:"attributes"`
}

func toxicPath(proxy, toxic string) string {
	return proxyPath(proxy) + "/toxics/" + url.PathEscape(toxic)
}
func proxyPath(proxy string) string { return "/proxies/" + url.PathEscape(proxy) }
