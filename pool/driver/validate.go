package driver

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"time"

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

// validate returns everything that cannot work, joined; o has its defaults.
func (o *Options) validate() error {
	var errs []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("fleet: "+format, args...))
		}
	}
	must(o.Clients >= 0, "Clients is %d: want at least 0", o.Clients)
	must(len(o.Endpoints) > 0, "Endpoints is empty: want at least one")
	for i, e := range o.Endpoints {
		if err := dialable(e.URL); err != nil {
			must(false, "Endpoints[%d].URL %q: %w", i, e.URL, err)
		}
	}
	for _, f := range o.Policy.Faults() {
		must(false, "Policy: %w", f)
	}
	must(o.Guarantee <= AtLeastOnce, "Guarantee is %d: want AtMostOnce or AtLeastOnce", o.Guarantee)
	must(o.Guarantee != AtLeastOnce || o.Ack != nil, "Ack is nil: AtLeastOnce cannot do without")
	must(o.QueueFrames > 0, "QueueFrames is %d: want at least 1", o.QueueFrames)
	must(o.QueueBytes > 0, "QueueBytes is %d: want at least 1", o.QueueBytes)
	must(o.Full <= Disconnect, "Full is %d: want FailFast, Block, DropOldest or Disconnect", o.Full)
	must(o.InboxFrames > 0, "InboxFrames is %d: want at least 1", o.InboxFrames)
	must(o.InboxBytes > 0, "InboxBytes is %d: want at least 1", o.InboxBytes)
	must(o.InboxFull <= Disconnect, "InboxFull is %d: want Block, DropOldest or Disconnect", o.InboxFull)
	must(o.MaxMessage > 0, "MaxMessage is %d: want at least 1", o.MaxMessage)
	must(o.MaxFrame >= 0, "MaxFrame is %d: want at least 0", o.MaxFrame)
	if o.Shared != nil {
		for _, f := range o.Shared.Policy.Faults() {
			must(false, "Shared.Policy: %w", f)
		}
	}
	must(o.Shards > 0, "Shards is %d: want at least 1", o.Shards)
	return errors.Join(errs...)
}

// dialable tells what keeps a URL from being dialled.
func dialable(raw string) error {
	u, err := url.ParseRequestURI(raw)
	switch {
	case err != nil:
		return errors.New("want a URL such as ws://host:port/path")
	case u.Scheme != "ws" && u.Scheme != "wss":
		return errors.New("want the scheme ws or wss")
	case u.Hostname() == "":
		return errors.New("want a host")
	case u.User != nil:
		return errors.New("want credentials in Options.Header, not in the URL")
	}
	return nil
}
