package driver

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// withDefaults returns a copy in which the zero values are replaced, with the
// policy's endpoints filled in.
func (o Options) withDefaults() Options {
	o.Endpoints = slices.Clone(o.Endpoints)
	o.Policy.Shared, o.Policy.Refreshable = o.Shared != nil, o.Credentials != nil
	o.Policy.Endpoints = nil // shared: any number, which the crowd knows
	if o.Shared == nil {
		o.Policy.Endpoints = make([]heal.Endpoint, len(o.Endpoints))
		for i, e := range o.Endpoints {
			o.Policy.Endpoints[i] = heal.Endpoint{Priority: e.Priority, Weight: e.Weight}
		}
	}
	if o.Epoch.IsZero() {
		o.Epoch = time.Now()
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	o.QueueFrames = cmp.Or(o.QueueFrames, 1024)
	o.QueueBytes = cmp.Or(o.QueueBytes, 256<<10)
	o.MaxMessage = cmp.Or(o.MaxMessage, 1<<20)
	o.InboxFrames = cmp.Or(o.InboxFrames, 1024)
	o.InboxBytes = cmp.Or(o.InboxBytes, 1<<20)
	if o.Shards == 0 {
		o.Shards = runtime.GOMAXPROCS(0)
	}
	return o
}

// Fault is one option that cannot work.
type Fault struct {
	Option string // its name in Options
	Err    error  // what is expected there; of Policy and Shared.Policy a heal.Fault
}

func (f *Fault) Error() string { return "fleet: " + f.Option + ": " + f.Err.Error() }

func (f *Fault) Unwrap() error { return f.Err }

// Faults returns everything that cannot work; none when Open accepts the options.
func (o Options) Faults() []*Fault {
	o = o.withDefaults()
	var all []*Fault
	fault := func(option string, err error) { all = append(all, &Fault{option, err}) }
	must := func(ok bool, option, want string, got any) {
		if !ok {
			fault(option, fmt.Errorf("expected %s, got %v", want, got))
		}
	}
	must(o.Clients >= 0, "Clients", "at least 0", o.Clients)
	all = append(all, endpointFaults(o.Endpoints)...)
	for _, f := range o.Policy.Faults() {
		fault("Policy", f)
	}
	all = append(all, protocolFaults(o.Subprotocols)...)
	must(o.Guarantee <= AtLeastOnce, "Guarantee", "AtMostOnce or AtLeastOnce", o.Guarantee)
	must(o.Guarantee != AtLeastOnce || o.Ack != nil, "Ack", "a function, for AtLeastOnce cannot do without", "nil")
	must(o.QueueFrames > 0, "QueueFrames", "at least 1", o.QueueFrames)
	must(o.QueueBytes > 0, "QueueBytes", "at least 1", o.QueueBytes)
	must(o.Full <= Disconnect, "Full", "FailFast, Block, DropOldest or Disconnect", o.Full)
	must(o.InboxFrames > 0, "InboxFrames", "at least 1", o.InboxFrames)
	must(o.InboxBytes > 0, "InboxBytes", "at least 1", o.InboxBytes)
	must(o.InboxFull <= Disconnect, "InboxFull", "Block, DropOldest or Disconnect", o.InboxFull)
	must(o.MaxMessage > 0, "MaxMessage", "at least 1", o.MaxMessage)
	must(o.MaxFrame >= 0, "MaxFrame", "at least 0", o.MaxFrame)
	if o.Shared != nil {
		for _, err := range o.Shared.Policy.Faults() {
			fault("Shared.Policy", err)
		}
		every := o.Shared.ResolveEvery
		must(every <= 0 || every >= heal.Shortest, "Shared.ResolveEvery", "at least 1ms, or 0 for the default, or less for never", every)
	}
	must(o.Dials >= 0, "Dials", "at least 0", o.Dials)
	must(o.Shards > 0, "Shards", "at least 1", o.Shards)
	return all
}

// joined is a list of faults as one error, nil when there are none.
func joined(all []*Fault) error {
	errs := make([]error, len(all))
	for i, f := range all {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// endpointFaults returns what is wrong with a list of endpoints.
func endpointFaults(list []Endpoint) (all []*Fault) {
	if len(list) == 0 {
		return []*Fault{{"Endpoints", crowd.ErrNoEndpoints}}
	}
	for i, e := range list {
		if err := dialable(e.URL); err != nil {
			all = append(all, &Fault{fmt.Sprintf("Endpoints[%d].URL", i), fmt.Errorf("%w, got %q", err, e.URL)})
		}
		if e.Own == nil {
			continue
		}
		if err := HeaderFaults(e.Own.Header); err != nil {
			all = append(all, &Fault{fmt.Sprintf("Endpoints[%d].Own.Header", i), err})
		}
		for _, f := range protocolFaults(e.Own.Subprotocols) {
			all = append(all, &Fault{fmt.Sprintf("Endpoints[%d].Own.%s", i, f.Option), f.Err})
		}
	}
	return all
}

// dialable tells what keeps a URL from being dialled.
func dialable(raw string) error {
	u, err := url.ParseRequestURI(raw)
	if err != nil {
		return errors.New("expected a URL such as ws://host:port/path")
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	switch {
	case u.Scheme != "ws" && u.Scheme != "wss":
		return errors.New("expected the scheme ws or wss")
	case u.Hostname() == "":
		return errors.New("expected a host")
	case u.User != nil:
		return errors.New("expected credentials in a header, not in the URL")
	case err != nil || port == 0:
		return errors.New("expected a port from 1 to 65535")
	case strings.Contains(raw, "#"):
		return errors.New("expected no fragment (RFC 6455 3)")
	}
	return nil
}
