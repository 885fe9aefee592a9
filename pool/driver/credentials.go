package driver

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"
)

// Credentials are the headers that prove who a client is. Version counts up with each
// refresh.
type Credentials struct {
	Header  http.Header
	Version uint64
}

// keyring fetches credentials of clients that share. Those that were rejected are replaced
// once, for whoever was rejected with them.
type keyring struct {
	flights singleflight.Group

	mu     sync.Mutex
	newest *Credentials // of all that were fetched; nil: none yet
}

// keep remembers credentials.
func (r *keyring) keep(x *Credentials) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest == nil || x.Version > r.newest.Version {
		r.newest = x
	}
}

// newer returns credentials that replace those of a version; nil: none are known.
func (r *keyring) newer(version uint64) *Credentials {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest != nil && r.newest.Version > version {
		return r.newest
	}
	return nil
}

// header is what the upgrade carries.
func (d *dial) header(ctx context.Context) (http.Header, error) {
	c, o := d.client, &d.client.fleet.options
	var header http.Header
	if o.Header != nil {
		header = o.Header(c.id, d.gen)
		if err := HeaderFaults(header); err != nil {
			return nil, err
		}
	}
	if own := d.to.Own; own != nil && len(own.Header) > 0 {
		header = merged(own.Header, header)
	}
	if o.Credentials == nil {
		return header, nil
	}
	x, err := d.credentials(ctx)
	if err != nil {
		return nil, err
	}
	if err := HeaderFaults(x.Header); err != nil {
		return nil, err
	}
	c.credentials = x
	return merged(header, x.Header), nil
}

// merged are the headers of both, of the second where both have one.
func merged(first, second http.Header) http.Header {
	all := make(http.Header, len(first)+len(second))
	for _, h := range []http.Header{first, second} {
		for key, values := range h {
			all[key] = values
		}
	}
	return all
}

// credentials fetches what proves who the client is, within ctx.
func (d *dial) credentials(ctx context.Context) (*Credentials, error) {
	p := d.client.fleet
	rejected := d.client.credentials
	switch {
	case !d.fresh || rejected == nil:
		return p.fetch(ctx, d.attempt(), nil, "")
	case p.options.Shared == nil: // others' credentials are not its own
		return p.fetch(ctx, d.attempt(), rejected, "")
	}
	if x := p.keys.newer(rejected.Version); x != nil {
		return x, nil
	}
	// The one who asks first may be cancelled; those who asked with it are not.
	return p.fetch(ctx, d.attempt(), rejected, strconv.FormatUint(rejected.Version, 10))
}

// fetch calls Options.Credentials on a goroutine of its own and waits for it no longer
// than ctx says. Calls with the same flight, if it has a name, are one.
func (p *Fleet) fetch(ctx context.Context, a Attempt, rejected *Credentials, flight string) (*Credentials, error) {
	type result struct {
		credentials *Credentials
		err         error
	}
	call := func(ctx context.Context) (*Credentials, error) {
		x, err := p.options.Credentials(ctx, a, rejected)
		if err != nil {
			return nil, err
		}
		p.keys.keep(&x)
		return &x, nil
	}
	done := make(chan result, 1)
	p.users.Add(1)
	go func() {
		defer p.users.Done()
		if flight == "" {
			x, err := call(ctx)
			done <- result{x, err}
			return
		}
		x, err, _ := p.keys.flights.Do(flight, func() (any, error) {
			if x := p.keys.newer(rejected.Version); x != nil { // a flight before this one brought them
				return x, nil
			}
			ctx, cancel := context.WithTimeout(p.life, p.options.Policy.HandshakeTimeout)
			defer cancel()
			return call(ctx)
		})
		if err != nil {
			done <- result{nil, err}
			return
		}
		done <- result{x.(*Credentials), nil}
	}()
	select {
	case r := <-done:
		return r.credentials, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
