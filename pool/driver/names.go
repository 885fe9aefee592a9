package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

const (
	resolveEvery = 30 * time.Second // a default
	resolveGap   = time.Second      // between two looks at the same names, however many ask for one
	resolveLimit = 5 * time.Second  // for one look at one name
)

// spot is where clients may be sent: an endpoint, and the address to reach it at.
type spot struct {
	Endpoint
	addr netip.AddrPort // zero: the dial resolves the name
}

// key names a spot for the crowd.
func (s *spot) key() string {
	name := cmp.Or(s.Name, s.URL)
	if s.addr.IsValid() {
		name += "@" + s.addr.String()
	}
	return name
}

// names turns a shared fleet's endpoints into spots, one per address of their hosts, and
// goes on doing so. Those who want to know sooner wait for one look together; when a look
// fails what was known goes on to hold. A name of which nothing was ever known is a spot
// itself, so that dials say what is wrong with it.
type names struct {
	poked chan struct{} // holds a token when somebody wants to know

	mu    sync.Mutex
	list  []Endpoint
	known map[string][]netip.Addr // by host, in order; none: looked for in vain
	begun bool                    // the crowd has been given endpoints
	err   error                   // of the last look
}

// poke asks for a look soon.
func (n *names) poke() {
	select {
	case n.poked <- struct{}{}:
	default:
	}
}

// resolvable returns the host of an endpoint that has to be resolved, "" when there is
// none.
func (p *Fleet) resolvable(e Endpoint) string {
	o := &p.options
	if o.Shared.ResolveEvery < 0 || e.Address.IsValid() || o.DialContext != nil && o.Resolve == nil {
		return ""
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ""
	}
	if via, err := p.dialer.Through(e.URL); err == nil && via != nil {
		return ""
	}
	return u.Hostname()
}

// expand lists the spots of the endpoints; whole: all of them have been looked for. n.mu
// must be held.
func (x *commons) expand() (spots []spot, whole bool) {
	n := &x.names
	whole = true
	for _, e := range n.list {
		host := x.fleet.resolvable(e)
		addresses, looked := n.known[host]
		switch {
		case host == "" || looked && len(addresses) == 0:
			spots = append(spots, spot{e, e.Address})
		case !looked:
			whole = false
		}
		for _, a := range addresses {
			s := spot{e, netip.AddrPortFrom(a, portOf(e.URL))}
			s.Address = s.addr
			spots = append(spots, s)
		}
	}
	return spots, whole
}

// portOf is the port that a URL names, or means.
func portOf(raw string) uint16 {
	u, err := url.Parse(raw)
	if err != nil {
		return 0
	}
	service := cmp.Or(u.Port(), map[string]string{"ws": "80", "wss": "443"}[u.Scheme])
	port, _ := net.LookupPort("tcp", service)
	return uint16(port)
}

// settle gives the crowd what is known of the endpoints: at first only when all of it is.
// n.mu must be held.
func (x *commons) settle() error {
	n := &x.names
	spots, whole := x.expand()
	if len(spots) == 0 || !whole && !n.begun {
		return nil
	}
	list := make([]crowd.Endpoint, len(spots))
	for i := range spots {
		s := &spots[i]
		list[i] = crowd.Endpoint{Key: s.key(), Priority: s.Priority, Weight: s.Weight}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ErrClosed
	}
	out, err := x.crowd.SetEndpoints(x.fleet.now(), list, x.out[:0])
	if err != nil {
		return &Fault{"Endpoints", err}
	}
	x.out, n.begun = out, true
	x.lone.Store(len(spots) == 1)
	places := slices.Clone(*x.fleet.spots.Load())
	for i := range spots {
		at, _ := x.crowd.Index(list[i].Key)
		for int(at) >= len(places) {
			places, x.keys = append(places, spot{}), append(x.keys, "")
		}
		places[at], x.keys[at] = spots[i], list[i].Key
	}
	x.fleet.spots.Store(&places)
	x.do(out)
	return nil
}

// SetEndpoints says where the clients of a shared fleet may be sent from now on. What is
// known of an address that stays is kept; those connected to one that does not are moved,
// a few at a time. Names that are new are resolved first, which is not waited for. Its
// error says what is wrong with the list, each a *Fault; it is then not used.
func (p *Fleet) SetEndpoints(list []Endpoint) error {
	x := p.crowd
	if x == nil {
		return errors.New("fleet: clients that are alone have the endpoints they were opened with")
	}
	if err := joined(endpointFaults(list)); err != nil {
		return err
	}
	n := &x.names
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.list
	n.list = slices.Clone(list)
	if err := x.settle(); err != nil {
		n.list = before
		return err
	}
	n.poke()
	return nil
}

// hosts are the names that have to be resolved. n.mu must be held.
func (x *commons) hosts() map[string]bool {
	all := map[string]bool{}
	for _, e := range x.names.list {
		if host := x.fleet.resolvable(e); host != "" {
			all[host] = true
		}
	}
	return all
}

// look resolves all names that there are, side by side.
func (x *commons) look(ctx context.Context) {
	n := &x.names
	n.mu.Lock()
	hosts := x.hosts()
	n.mu.Unlock()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		found = map[string][]netip.Addr{}
		errs  []error
	)
	for host := range hosts {
		wg.Go(func() {
			addresses, err := x.fleet.resolve(ctx, host)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("resolve %s: %w", host, err))
				return
			}
			found[host] = addresses
		})
	}
	wg.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	for host := range hosts {
		if a, ok := found[host]; ok || n.known[host] == nil {
			n.known[host] = a
		}
	}
	wanted := x.hosts() // may have changed meanwhile
	maps.DeleteFunc(n.known, func(host string, _ []netip.Addr) bool { return !wanted[host] })
	err := x.settle()
	n.err = errors.Join(append(errs, err)...)
}

// resolve finds a host's addresses, in order, each once.
func (p *Fleet) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveLimit)
	defer cancel()
	lookup := p.options.Resolve
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	found, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	addresses := make([]netip.Addr, len(found))
	for i, a := range found {
		addresses[i] = a.Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return slices.Compact(addresses), nil
}

// watch looks at the names until the fleet closes: every so often, and soon after
// somebody asked.
func (x *commons) watch(ctx context.Context) {
	defer x.fleet.work.Done()
	every := cmp.Or(x.fleet.options.Shared.ResolveEvery, resolveEvery)
	r := heal.Rand{Seed: x.fleet.options.Seed, Client: ^uint64(1)}
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for n := uint64(0); ; n++ {
		x.look(ctx)
		timer.Reset(r.Between(heal.DrawCrowd, 2*n, every-every/5, every+every/5))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			continue
		case <-x.names.poked:
		}
		timer.Reset(resolveGap)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}
