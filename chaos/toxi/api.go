package toxi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	stock "github.com/Shopify/toxiproxy/v2"

	"github.com/wsheal/wsheal/chaos"
)

// version is what GET /version answers: the Toxiproxy whose API this is.
const version = "2.12.0"

// bodyLimit bounds a request's body, bytes: a list of a hundred thousand proxies is less.
const bodyLimit = 16 << 20

// shown is a proxy as the API shows it.
type shown struct {
	Name     string   `json:"name"`
	Listen   string   `json:"listen"`
	Upstream string   `json:"upstream"`
	Enabled  bool     `json:"enabled"`
	Toxics   []*toxic `json:"toxics"`
}

// posted is a proxy as it is posted; what is absent is nil. Toxics and unknown fields
// are ignored, as clients send back what they were shown.
type posted struct {
	Name     *string `json:"name"`
	Listen   *string `json:"listen"`
	Upstream *string `json:"upstream"`
	Enabled  *bool   `json:"enabled"`
}

// routes are Toxiproxy's, and below /wsheal/ our own.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /version":                           s.getVersion,
		"POST /reset":                            s.postReset,
		"POST /populate":                         s.postPopulate,
		"GET /proxies":                           s.getProxies,
		"POST /proxies":                          s.postProxy,
		"GET /proxies/{proxy}":                   onProxy(s, getProxy),
		"POST /proxies/{proxy}":                  onProxy(s, updateProxy),
		"PATCH /proxies/{proxy}":                 onProxy(s, updateProxy),
		"DELETE /proxies/{proxy}":                s.deleteProxy,
		"GET /proxies/{proxy}/toxics":            onProxy(s, getToxics),
		"POST /proxies/{proxy}/toxics":           onProxy(s, postToxic),
		"GET /proxies/{proxy}/toxics/{toxic}":    onProxy(s, getToxic),
		"POST /proxies/{proxy}/toxics/{toxic}":   onProxy(s, updateToxic),
		"PATCH /proxies/{proxy}/toxics/{toxic}":  onProxy(s, updateToxic),
		"DELETE /proxies/{proxy}/toxics/{toxic}": onProxy(s, deleteToxic),
		"GET /wsheal/traffic":                    s.getTraffic,
		"GET /wsheal/sightings":                  s.getSightings,
		"GET /wsheal/standing":                   s.getStanding,
		"GET /wsheal/evidence/{fault}":           s.getEvidence,
		"DELETE /wsheal/faults/{fault}":          s.deleteFault,
	} {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /wsheal/lease", s.grant)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As Toxiproxy does: a page in a browser must not reach the control API.
		if strings.HasPrefix(r.UserAgent(), "Mozilla/") {
			http.Error(w, "User agent not allowed", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodHead { // so does it, too
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// handler answers with a status and a value for JSON, nil for none, or with an error, which is
// JSON as well and goes out as text, as from Toxiproxy.
type handler func(r *http.Request, body []byte) (int, any, error)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	status, value := 0, any(nil)
	if err != nil {
		err = badRequest(err.Error())
	} else {
		status, value, err = h(r, body)
	}
	if err != nil {
		api := &stock.ApiError{Message: err.Error(), StatusCode: http.StatusInternalServerError}
		errors.As(err, &api)
		status, value = api.StatusCode, api
	}
	if value == nil {
		w.WriteHeader(status)
		return
	}
	b, wrong := json.Marshal(value)
	if wrong != nil {
		panic(fmt.Sprintf("toxi: answer of %s %s: %v", r.Method, r.URL.Path, wrong))
	}
	if err != nil {
		http.Error(w, string(b), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // whoever asked may have left
}

// read decodes the first value of a body, which should be what. What follows it is not looked
// at, as Toxiproxy does not.
func read(body []byte, into any, what string) error {
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(into); err != nil {
		return unreadable(err, what)
	}
	return nil
}

// onProxy finds the proxy that the path names.
func onProxy(s *Server, h func(p *proxy, r *http.Request, body []byte) (int, any, error)) handler {
	return func(r *http.Request, body []byte) (int, any, error) {
		p, err := s.proxy(r.PathValue("proxy"))
		if err != nil {
			return 0, nil, err
		}
		return h(p, r, body)
	}
}

func (s *Server) getVersion(*http.Request, []byte) (int, any, error) {
	return http.StatusOK, map[string]string{"version": version, "served_by": "wsheal"}, nil
}

func (s *Server) postReset(*http.Request, []byte) (int, any, error) {
	for _, p := range s.all() {
		p.clearAll()
		if err := p.enable(); err != nil && !errors.Is(err, stock.ErrProxyNotFound) { // else deleted meanwhile
			return 0, nil, err
		}
	}
	return http.StatusNoContent, nil, nil
}

func (s *Server) getProxies(*http.Request, []byte) (int, any, error) {
	list := map[string]shown{}
	for _, p := range s.all() {
		list[p.name] = p.show()
	}
	return http.StatusOK, list, nil
}

func (s *Server) postProxy(_ *http.Request, body []byte) (int, any, error) {
	var in posted
	if err := read(body, &in, "a proxy, an object"); err != nil {
		return 0, nil, err
	}
	p, err := s.create(in, "")
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, p.show(), nil
}

// postPopulate shows with an error those that were there before it came.
func (s *Server) postPopulate(_ *http.Request, body []byte) (int, any, error) {
	proxies, err := s.populate(body)
	answer := struct {
		*stock.ApiError `json:",omitempty"`
		Proxies         []shown `json:"proxies"`
	}{Proxies: proxies}
	if err != nil {
		answer.ApiError = &stock.ApiError{Message: err.Error(), StatusCode: http.StatusInternalServerError}
		errors.As(err, &answer.ApiError)
		return answer.StatusCode, answer, nil
	}
	return http.StatusCreated, answer, nil
}

// populate creates nothing unless all of the proxies are complete.
func (s *Server) populate(body []byte) (made []shown, err error) {
	var in []posted
	if err := read(body, &in, "a list of proxies"); err != nil {
		return nil, err
	}
	for i, x := range in {
		if err := x.complete(fmt.Sprintf(" at proxy %d", i+1)); err != nil {
			return nil, err
		}
	}
	for _, x := range in {
		p, err := s.createOrReplace(x)
		if err != nil {
			return made, err
		}
		made = append(made, p.show())
	}
	return made, nil
}

func getProxy(p *proxy, _ *http.Request, _ []byte) (int, any, error) {
	return http.StatusOK, p.show(), nil
}

func updateProxy(p *proxy, _ *http.Request, body []byte) (int, any, error) {
	var in posted
	if err := read(body, &in, "a proxy, an object"); err != nil {
		return 0, nil, err
	}
	if err := p.update(in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p.show(), nil
}

func (s *Server) deleteProxy(r *http.Request, _ []byte) (int, any, error) {
	if err := s.remove(r.PathValue("proxy")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func getToxics(p *proxy, _ *http.Request, _ []byte) (int, any, error) {
	return http.StatusOK, p.show().Toxics, nil
}

func postToxic(p *proxy, _ *http.Request, body []byte) (int, any, error) {
	t, err := parseToxic(body)
	if err != nil {
		return 0, nil, err
	}
	if err := p.server.admit(p, t, nil); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t, nil
}

func getToxic(p *proxy, r *http.Request, _ []byte) (int, any, error) {
	t, err := p.lookup(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t, nil
}

func updateToxic(p *proxy, r *http.Request, body []byte) (int, any, error) {
	t, err := p.lookup(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	n, err := t.updated(body)
	if err != nil {
		return 0, nil, err
	}
	if err := p.server.admit(p, n, t); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, n, nil
}

func deleteToxic(p *proxy, r *http.Request, _ []byte) (int, any, error) {
	if !p.remove(r.PathValue("toxic")) {
		return 0, nil, stock.ErrToxicNotFound
	}
	return http.StatusNoContent, nil, nil
}

func (s *Server) getTraffic(*http.Request, []byte) (int, any, error) {
	list := map[string]chaos.Traffic{}
	for _, p := range s.all() {
		list[p.name] = p.traffic()
	}
	return http.StatusOK, list, nil
}

// getEvidence answers by proxy: a fault of one name may have been posted to several.
func (s *Server) getEvidence(r *http.Request, _ []byte) (int, any, error) {
	list := map[string]chaos.Evidence{}
	for _, p := range s.all() {
		if o := p.orderOf(r.PathValue("fault")); o != nil {
			list[p.name] = o.evidence()
		}
	}
	if len(list) == 0 {
		return 0, nil, stock.ErrToxicNotFound
	}
	return http.StatusOK, list, nil
}

// deleteFault ends the toxics of a name on every proxy; that there are none is no error.
func (s *Server) deleteFault(r *http.Request, _ []byte) (int, any, error) {
	for _, p := range s.all() {
		p.remove(r.PathValue("fault"))
	}
	return http.StatusNoContent, nil, nil
}

// complete checks that what a proxy needs is there, and that its name can stand as one
// segment of the paths that lead to it.
func (in posted) complete(where string) error {
	if in.Name == nil || *in.Name == "" {
		return missingField("name" + where)
	}
	if name := *in.Name; name == "." || name == ".." || strings.Contains(name, "/") {
		return badRequest(fmt.Sprintf("name %q%s: expected one segment of a path, without /", name, where))
	}
	if in.Upstream == nil || *in.Upstream == "" {
		return missingField("upstream" + where)
	}
	return nil
}

func (p *proxy) show() shown {
	toxics := p.listed()
	if toxics == nil {
		toxics = []*toxic{}
	}
	// As Toxiproxy lists them: what acts on the way up first, each in order of its creation.
	slices.SortStableFunc(toxics, func(a, b *toxic) int { return strings.Compare(b.Stream, a.Stream) })
	p.mu.Lock()
	defer p.mu.Unlock()
	return shown{Name: p.name, Listen: p.listen, Upstream: p.upstream, Enabled: p.listener != nil, Toxics: toxics}
}

func missingField(name string) error {
	return &stock.ApiError{Message: stock.ErrMissingField.Message + ": " + name, StatusCode: http.StatusBadRequest}
}
