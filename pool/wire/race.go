package wire

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

const defaultRace = 250 * time.Millisecond // RFC 8305 section 5

// raw opens a TCP connection to an IP address with its port, or to what DialContext makes of it.
func (d *Dialer) raw(ctx context.Context, where string) (net.Conn, error) {
	if d.DialContext != nil {
		return d.DialContext(ctx, "tcp", where)
	}
	return Direct(ctx, "tcp", where)
}

// connect opens a TCP connection to where, host:port.
func (d *Dialer) connect(ctx context.Context, where string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(where)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil || d.DialContext != nil && d.Resolve == nil {
		return d.raw(ctx, where)
	}
	addresses, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, a := range alternate(addresses) {
		targets = append(targets, net.JoinHostPort(a.String(), port))
	}
	if len(targets) == 1 {
		return d.raw(ctx, targets[0])
	}
	head := d.Race
	if head <= 0 {
		head = defaultRace
	}
	return race(ctx, targets, head, d.raw)
}

func (d *Dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if d.Resolve == nil {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	addresses, err := d.Resolve(ctx, host)
	if err == nil && len(addresses) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return addresses, err
}

// alternate orders addresses so that the two families take turns, beginning with that of
// the first (RFC 8305 section 4), and none comes twice.
func alternate(addresses []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	for _, a := range addresses {
		a = a.Unmap()
		f := 0
		if a.Is4() != addresses[0].Unmap().Is4() {
			f = 1
		}
		if !slices.Contains(families[f], a) {
			families[f] = append(families[f], a)
		}
	}
	var out []netip.Addr
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				out = append(out, f[i])
			}
		}
	}
	return out
}

// race dials the targets in turn, each when the one before it has failed or had a head
// start, and returns the first connection. The others are cancelled, and closed should
// they come to something all the same. When all fail the error is the first.
func race(ctx context.Context, targets []string, head time.Duration, dial func(context.Context, string) (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results, over := make(chan result), make(chan struct{})
	defer close(over)
	start := func(target string) {
		c, err := dial(ctx, target)
		select {
		case results <- result{c, err}:
		case <-over:
			if err == nil {
				c.Close()
			}
		}
	}
	next := time.NewTimer(0)
	defer next.Stop()
	var first error
	for started, failed := 0, 0; ; {
		select {
		case <-next.C:
			if started < len(targets) {
				go start(targets[started])
				started++
				next.Reset(head)
			}
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			if first == nil {
				first = r.err
			}
			if failed++; failed == len(targets) {
				return nil, first
			}
			next.Reset(0)
		case <-ctx.Done(): // a dial may be deaf to it
			return nil, ctx.Err()
		}
	}
}
