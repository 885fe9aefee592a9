package toxi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	stock "github.com/Shopify/toxiproxy/v2"

	"github.com/wsheal/wsheal/chaos"
)

// Driver is the client side: chaos.Injector and chaos.Wire over the control API. Any number
// of drivers may speak to one proxy, and any of them may clear what another has injected.
// What a driver has injected ends with it, however it ends. It may be used from many
// goroutines at once.
type Driver struct {
	control string // http://host:port
	http    *http.Client
	tenancy tenancy
}

var (
	_ chaos.Injector = (*Driver)(nil)
	_ chaos.Wire     = (*Driver)(nil)
	_ chaos.Watcher  = (*Driver)(nil)
)

// NewDriver returns a driver for the control API at a URL, http://host:port, or at a
// host:port. It does not connect.
func NewDriver(control string) (*Driver, error) {
	full := control
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("control API %q: expected http://host:port", control)
	}
	return &Driver{control: u.Scheme + "://" + u.Host, http: &http.Client{Transport: &http.Transport{}}}, nil
}

// Close ends the faults that the driver has injected, and its connections to the control
// API.
func (d *Driver) Close() {
	d.tenancy.leave()
	d.http.CloseIdleConnections()
}

// CreateProxy makes a proxy in front of a target, on a free port of the loopback, and
// returns the address to dial. Upstream is host:port.
func (d *Driver) CreateProxy(ctx context.Context, name, upstream string) (string, error) {
	in := posted{Name: &name, Upstream: &upstream}
	var out shown
	if err := d.call(ctx, http.MethodPost, "/proxies", in, &out); err != nil {
		return "", fmt.Errorf("create proxy %q in front of %s: %w", name, upstream, err)
	}
	// Taken here it takes no time when a fault is due; without it Inject tries again.
	_, _ = d.lease(ctx)
	return out.Listen, nil
}

// Supports returns why the proxy cannot express a fault, nil when it can.
func (d *Driver) Supports(f chaos.Fault) error {
	if f.Effect == nil {
		return fmt.Errorf("fault %q: it has no effect to put in force", f.Name)
	}
	if err := chaos.Refusal(f, chaos.ByProxy); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	if _, err := toxicOf(f, ""); err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	return nil
}

// Inject puts the fault in force on the proxy of the name f.On and returns when the
// proxy has confirmed that every connection obeys it.
func (d *Driver) Inject(ctx context.Context, f chaos.Fault) error {
	if err := d.Supports(f); err != nil {
		return err
	}
	lease, err := d.lease(ctx)
	if err != nil {
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
	}
	body, err := toxicOf(f, lease)
	if err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	err = d.call(ctx, http.MethodPost, "/proxies/"+url.PathEscape(f.On)+"/toxics", json.RawMessage(body), nil)
	if isNotFound(err) {
		return fmt.Errorf("inject %q: there is no proxy in front of %q", f.Name, f.On)
	}
	if err != nil {
		return fmt.Errorf("inject %q on %q: %w", f.Name, f.On, err)
	}
	return nil
}

// Clear ends the named fault wherever it is in force, and returns when it is not.
func (d *Driver) Clear(ctx context.Context, name string) error {
	if err := d.call(ctx, http.MethodDelete, "/wsheal/faults/"+url.PathEscape(name), nil, nil); err != nil {
		return fmt.Errorf("clear %q: %w", name, err)
	}
	return nil
}

// Evidence returns what was counted for the named fault, summed over the proxies to
// which it was posted. A fault that was never injected is an error.
func (d *Driver) Evidence(ctx context.Context, name string) (chaos.Evidence, error) {
	byProxy := map[string]chaos.Evidence{}
	err := d.call(ctx, http.MethodGet, "/wsheal/evidence/"+url.PathEscape(name), nil, &byProxy)
	if isNotFound(err) {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: it was never injected", name)
	}
	if err != nil {
		return chaos.Evidence{}, fmt.Errorf("evidence of %q: %w", name, err)
	}
	var sum chaos.Evidence
	first := true
	for _, e := range byProxy {
		if first {
			sum, first = e, false
			continue
		}
		sum = sum.Merge(e)
	}
	return sum, nil
}

// Traffic returns the counters of every proxy, by target.
func (d *Driver) Traffic(ctx context.Context) (map[string]chaos.Traffic, error) {
	byTarget := map[string]chaos.Traffic{}
	if err := d.call(ctx, http.MethodGet, "/wsheal/traffic", nil, &byTarget); err != nil {
		return nil, fmt.Errorf("traffic: %w", err)
	}
	return byTarget, nil
}

// Sightings returns what the proxies have seen after the given number.
func (d *Driver) Sightings(ctx context.Context, after uint64) (s chaos.Sightings, err error) {
	if err := d.call(ctx, http.MethodGet, "/wsheal/sightings?after="+strconv.FormatUint(after, 10), nil, &s); err != nil {
		return s, fmt.Errorf("sightings: %w", err)
	}
	return s, nil
}

// Standing returns the connections that are open on any proxy.
func (d *Driver) Standing(ctx context.Context) (list []chaos.Sighting, err error) {
	if err := d.call(ctx, http.MethodGet, "/wsheal/standing", nil, &list); err != nil {
		return nil, fmt.Errorf("standing connections: %w", err)
	}
	return list, nil
}

// toxicOf writes a fault as the toxic that the proxy reads, having read it back. It ends
// with the lease.
func toxicOf(f chaos.Fault, lease string) ([]byte, error) {
	if f.Name == "" {
		return nil, errors.New("a fault needs a name")
	}
	effect, err := chaos.EncodeEffect(f.Effect)
	if err != nil {
		return nil, err
	}
	attributes := map[string]json.RawMessage{}
	if err := json.Unmarshal(effect, &attributes); err != nil {
		return nil, err
	}
	attributes[attrSeed] = json.RawMessage(strconv.FormatUint(f.Seed, 10))
	if _, shared := stockToxics[f.Effect.Kind()]; shared {
		attributes[attrUnits] = json.RawMessage(strconv.Quote(unitsOurs))
	}
	if f.For != 0 {
		attributes[attrFor] = json.RawMessage(strconv.FormatInt(int64(f.For), 10))
	}
	if f.Flap.On() {
		if attributes[attrFlap], err = json.Marshal(f.Flap); err != nil {
			return nil, err
		}
	}
	if f.Ramp != 0 {
		attributes[attrRamp] = json.RawMessage(strconv.FormatInt(int64(f.Ramp), 10))
	}
	if lease != "" {
		attributes[attrLease] = json.RawMessage(strconv.Quote(lease))
	}
	if f.Conns != "" {
		attributes[attrConns] = json.RawMessage(strconv.Quote(string(f.Conns)))
	}
	body, err := json.Marshal(map[string]any{
		"name": f.Name, "type": f.Effect.Kind(), "toxicity": f.Share, "attributes": attributes,
	})
	if err != nil {
		return nil, err
	}
	if _, err := parseToxic(body); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), stock.ErrBadRequestBody.Message+": "))
	}
	return body, nil
}

// call makes one request, bounded by ctx. An answer that is an error of the API comes
// back as a *stock.ApiError.
func (d *Driver) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.control+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		api := &stock.ApiError{}
		if json.Unmarshal(b, api) != nil || api.Message == "" {
			api.Message = strings.TrimSpace(resp.Status + " " + string(b))
		}
		api.StatusCode = resp.StatusCode
		return api
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("answer of %s %s: %w", method, path, err)
	}
	return nil
}

// isNotFound says whether the API answered that there is no such thing.
func isNotFound(err error) bool {
	var api *stock.ApiError
	return errors.As(err, &api) && api.StatusCode == http.StatusNotFound
}
