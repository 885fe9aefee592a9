package crowd

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wsheal/wsheal/pool/heal"
)

// ErrNoEndpoints is the error of an empty list. The one before it stays in force: a
// resolver that finds nothing for a while is no reason to leave everybody.
var ErrNoEndpoints = errors.New("no endpoints")

// SetEndpoints says where clients may be sent from now on. It appends to out and returns
// it; its error says all that is wrong with the list, which is then not used: it is empty
// ([ErrNoEndpoints]), a key is empty or named twice, a weight is below 0, or there are
// more than heal.MaxEndpoints, those that still have connections counted.
//
// Indices of endpoints are given out in order, and an address that comes back has the
// index it had, and the health: neither a refresh nor a flapping list resets anything.
// Only when all indices were given out is that of an address that was removed longest
// ago and has no connection given to another one, so whoever keeps indices asks for them
// anew, with [Crowd.Index], after each list.
//
// An address that is gone from the list gets no new connections. Those it has are moved
// away, at the pace of Policy.RebalanceRate; it is Draining until the last one is gone,
// and then Removed.
func (c *Crowd) SetEndpoints(now heal.Instant, list []Endpoint, out []Action) ([]Action, error) {
	if err := c.check(list); err != nil {
		return out, err
	}
	c.begin(now, out, false)
	on := make(map[string]bool, len(list))
	for _, x := range list {
		on[x.Key] = true
	}
	for i := range c.endpoints {
		if e := &c.endpoints[i]; e.listed() && !on[e.Key] {
			c.vanished(e)
		}
	}
	for _, x := range list {
		i, known := c.index[x.Key]
		if !known {
			i = c.join(x)
		}
		e := &c.endpoints[i]
		e.Endpoint = x
		if known && !e.listed() {
			c.returned(e)
		}
	}
	c.pings.means = slices.Grow(c.pings.means[:0], len(c.endpoints))
	c.releaseSurplus()
	c.refit()
	c.stir(time.Second)
	return c.end(), nil
}

// check returns everything that is wrong with a list.
func (c *Crowd) check(list []Endpoint) error {
	if len(list) == 0 {
		return ErrNoEndpoints
	}
	var errs []error
	on := make(map[string]bool, len(list))
	for i, x := range list {
		switch {
		case x.Key == "":
			errs = append(errs, fmt.Errorf("endpoint %d: expected a key, got none", i))
		case on[x.Key]:
			errs = append(errs, fmt.Errorf("endpoint %d: expected each key once, got %q again", i, x.Key))
		}
		if x.Weight < 0 {
			errs = append(errs, fmt.Errorf("endpoint %d, %q: expected a weight of at least 0, got %d", i, x.Key, x.Weight))
		}
		on[x.Key] = true
	}
	held := len(on)
	for i := range c.endpoints {
		if e := &c.endpoints[i]; !on[e.Key] && e.busy() {
			held++
		}
	}
	if held > heal.MaxEndpoints {
		errs = append(errs, fmt.Errorf("endpoints: expected at most %d, got %d, those counted that still have connections", heal.MaxEndpoints, held))
	}
	return errors.Join(errs...)
}

// busy tells whether somebody may still report something of the endpoint.
func (e *endpoint) busy() bool { return e.connections > 0 || e.dialing > 0 }

// join gives a new address an index.
func (c *Crowd) join(x Endpoint) uint8 {
	i := len(c.endpoints)
	if i < heal.MaxEndpoints {
		c.endpoints = append(c.endpoints, endpoint{})
	} else {
		for j := range c.endpoints {
			if e := &c.endpoints[j]; e.health == Removed && !e.busy() && (i == heal.MaxEndpoints || e.since < c.endpoints[i].since) {
				i = j
			}
		}
		delete(c.index, c.endpoints[i].Key)
	}
	e := &c.endpoints[i]
	*e = endpoint{Endpoint: x, limit: newLimit(&c.p), late: c.connections > 0, term: e.term + 1}
	c.index[x.Key] = uint8(i)
	c.change(e, Unknown)
	return uint8(i)
}

// Index returns the index of the endpoint with that key.
func (c *Crowd) Index(key string) (uint8, bool) {
	i, ok := c.index[key]
	return i, ok
}
