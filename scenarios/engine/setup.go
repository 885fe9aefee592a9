package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/zone"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// queueFrames is how many messages may wait for one client.
const queueFrames = 1024

// margin is the descriptors that a process needs beside its connections: standard
// streams, listeners, control connections, the run directory.
const margin = 64

// unfitFor says which process of the run would run out of descriptors, "" when none does.
// A proxied connection costs the proxy two.
func unfitFor(s *scenarios.Scenario, limit int) string {
	need := func(process string, per int) string {
		usable := int(report.DescriptorShare * float64(limit))
		if n := per*s.Clients.Count + margin; limit > 0 && n > usable {
			return fmt.Sprintf("the %s needs %d descriptors for %d clients, and one process may have %d: use fewer clients (--set clients.count=%d) or raise the limit (ulimit -n)",
				process, n, s.Clients.Count, limit, max(0, usable-margin)/per)
		}
		return ""
	}
	if s.Proxied() {
		if why := need("fault proxy", 2); why != "" {
			return why
		}
	}
	if s.Foreign() {
		return ""
	}
	if s.Named() {
		return need("engine", 3) // a lookup has two for a while, its own and the resolver's
	}
	return need("engine", 1)
}

// start brings up targets and proxy and returns how to reach them. What it has started
// when it fails, stopChildren ends.
func (r *run) start(ctx context.Context) (dialFunc, error) {
	r.health = newHealth(r.env)
	r.health.add("engine", r.env.Self)
	plain := r.env.Dial
	if plain == nil {
		plain = new(net.Dialer).DialContext
	}
	for _, t := range r.scenario.Targets {
		up, err := r.env.Target(ctx, t)
		if err != nil {
			return nil, err
		}
		r.targets = append(r.targets, up)
		if up.Done() != nil {
			r.health.add("target:"+t.Name, up.Usage)
		}
		to, err := accessTo(t)
		if err != nil {
			return nil, err
		}
		if to.chosen, err = probe(ctx, t, up, to, plain); err != nil {
			return nil, err
		}
		r.access = append(r.access, to)
	}
	if err := r.startOthers(ctx); err != nil {
		return nil, err
	}
	if !r.scenario.Proxied() {
		return r.finding(plain), r.supported()
	}
	var err error
	if r.proxy, err = r.env.Proxy(ctx, r.scenario.AllowRemote); err != nil {
		return nil, err
	}
	r.health.add("proxy", r.proxy.Usage)
	if err := r.supported(); err != nil {
		return nil, err
	}
	// Clients keep the target's own URL, so that Host and SNI stay right; only the
	// address that is dialled is the proxy's.
	r.front = map[string]string{}
	for i, t := range r.scenario.Targets {
		upstream := scenarios.Address(r.targets[i].URL())
		if err := r.control(ctx, func(ctx context.Context) (err error) {
			r.front[upstream], err = r.proxy.Front(ctx, t.Name, upstream)
			return err
		}); err != nil {
			return nil, fmt.Errorf("proxy in front of target %s: %w", t.Name, err)
		}
	}
	return r.finding(func(ctx context.Context, network, addr string) (net.Conn, error) {
		if via, ok := r.front[addr]; ok {
			addr = via
		}
		return plain(ctx, network, addr)
	}), nil
}

// truster is a target whose certificate is of an authority of its own.
type truster interface {
	Roots() string // PEM; empty without TLS
}

// trust is how TLS is spoken to targets: the authorities of their own are trusted, and where
// there are none the system's; nil: as everywhere.
func trust(targets ...Target) *tls.Config {
	var own *x509.CertPool
	for _, t := range targets {
		if t, ok := t.(truster); ok && t.Roots() != "" {
			if own == nil {
				own, _ = x509.SystemCertPool() // else those of the targets alone
			}
			if own == nil {
				own = x509.NewCertPool()
			}
			own.AppendCertsFromPEM([]byte(t.Roots()))
		}
	}
	if own == nil {
		return nil
	}
	return &tls.Config{RootCAs: own}
}

// startOthers makes what carries faults out but the proxy.
func (r *run) startOthers(ctx context.Context) (err error) {
	targets := map[string]Target{}
	for i, t := range r.scenario.Targets {
		targets[t.Name] = r.targets[i]
	}
	r.others = map[chaos.Backend]chaos.Injector{}
	for _, by := range []chaos.Backend{chaos.ByTarget, chaos.ByProcess, chaos.ByKernel, chaos.ByClients} {
		if !r.scenario.Needs(by) {
			continue
		}
		if r.others[by], err = r.env.Injector(ctx, by, targets); err != nil {
			return &SetupError{fmt.Errorf("faults by %s: %w", by, err)}
		}
	}
	if err := r.startNames(); err != nil {
		return err
	}
	r.others[chaos.ByParts] = zone.NewInjector(r.injector)
	return nil
}

// supported asks everything that is to carry out a fault whether it can.
func (r *run) supported() error {
	for _, f := range r.scenario.Faults {
		if err := r.injector(f.By).Supports(f.Fault); err != nil {
			return &SetupError{fmt.Errorf("fault %s: %w", f.Name, err)}
		}
	}
	return nil
}

// injector is what carries the faults of a backend out.
func (r *run) injector(by chaos.Backend) chaos.Injector {
	if other, ok := r.others[by]; ok {
		return other
	}
	return r.proxy
}

func (r *run) fleetOptions(dial dialFunc) driver.Options {
	o := driver.Options{
		Clients: r.scenario.Clients.Count, Seed: r.scenario.Seed, Policy: r.scenario.Clients.Policy, Epoch: r.epoch,
		DialContext: dial, Proxy: direct, TLS: trust(r.targets...), Observe: r.rec.observe,
		Credentials: credentialsOf(r.scenario),
		Header: func(client int, gen uint32) http.Header {
			return http.Header{chaos.IdentityHeader: {strconv.Itoa(client) + "/" + strconv.FormatUint(uint64(gen), 10)}}
		},
	}
	if !r.rec.settled() {
		o.Ack = r.rec.answers
	}
	if r.rec.dialect.hello != nil {
		o.Validate = r.rec.dialect.greet
	}
	if r.scenario.Needs(chaos.ByClients) {
		o.Through = func(a driver.Attempt, raw net.Conn) net.Conn {
			return r.through(uint64(a.Client), a.Endpoint.Name, raw)
		}
	}
	if r.scenario.Clients.Sharing == scenarios.Shared {
		// Names are not resolved, for the dial is ours: it finds the proxy by them.
		o.Shared = &driver.Shared{Policy: r.scenario.Clients.Shared}
	}
	// What waits for a client to come back is held for all of an outage, whatever its size.
	o.QueueFrames = queueFrames
	o.QueueBytes = queueFrames * r.rec.dialect.longest
	if r.scenario.Load.Guarantee == "at-least-once" {
		o.Guarantee = driver.AtLeastOnce
	}
	for _, e := range r.scenario.Clients.Endpoints {
		for i, t := range r.scenario.Targets {
			if t.Name == e.Target {
				o.Endpoints = append(o.Endpoints, driver.Endpoint{Name: t.Name, URL: r.url(i), Priority: e.Priority, Weight: e.Weight, Own: r.own(i)})
			}
		}
	}
	return o
}

// own is what upgrades to a target have of their own.
func (r *run) own(i int) *driver.Own {
	if i < len(r.access) {
		return r.access[i].own
	}
	return nil
}

// direct knows of no HTTP proxy: nothing but the fault proxy stands in the way of a run.
func direct(*url.URL) (*url.URL, error) { return nil, nil }

func newRecorder(r *run) *recorder {
	s := r.scenario
	plan := planned(s)
	rec := &recorder{
		journal: r.journal, track: r.env.Track, now: r.now, phases: plan,
		cohorts: make([]string, s.Clients.Count), clients: make([]atomic.Uint64, s.Clients.Count),
		counts: make([]counters, len(plan)), shards: make([]latencyShard, 8),
		late:   hdrhistogram.New(1000, int64(time.Minute), 3),
		before: map[string]report.LoadCount{}, hlog: report.NewHlogWriter(r.env.Latency, r.epoch), total: report.NewLatency(),
	}
	rec.dialect, rec.pattern, rec.redact = newDialect(s.Load), s.Load.Pattern, s.Redact
	if s.Load.Pattern == report.Push {
		rec.hearing = make([]hearing, s.Clients.Count)
	}
	rec.schedule = schedule{
		start: heal.Instant(s.Clients.Ramp), until: heal.Instant(plan[len(plan)-1].To),
		rate: s.Load.Rate, clients: s.Clients.Count,
	}
	for _, e := range s.Clients.Endpoints {
		rec.endpoints = append(rec.endpoints, e.Target)
	}
	for client := range rec.cohorts {
		rec.cohorts[client] = cohort(s, client)
	}
	for i := range rec.shards {
		rec.shards[i].hist = report.NewLatency()
	}
	return rec
}

// cohort names the faults that may touch a client, by their place in the scenario, as the
// latency log tags it: "f0-f2"; "control" when none may.
func cohort(s *scenarios.Scenario, client int) string {
	var of []string
	for i, f := range s.Faults {
		if s.Touches(f, client) {
			of = append(of, "f"+strconv.Itoa(i))
		}
	}
	if of == nil {
		return "control"
	}
	return strings.Join(of, "-")
}

func planned(s *scenarios.Scenario) []report.Planned {
	var out []report.Planned
	for _, p := range s.Phases {
		out = append(out, report.Planned{Name: p.Name, From: int64(p.From), To: int64(p.To)})
	}
	return out
}

// header is the journal's first record.
func (r *run) header() *report.Run {
	s := r.scenario
	h := &report.Run{
		Schema: report.Schema, Scenario: s.Name, About: s.About, Policy: s.Clients.Policy.Name, Seed: s.Seed,
		Version: r.env.Version, Started: r.epoch.Format(time.RFC3339), Host: r.env.Host, Command: r.env.Command,
		Clients: s.Clients.Count, Sharing: s.Clients.Sharing == scenarios.Shared, Pattern: s.Load.Pattern, Access: r.told(), Rate: r.rec.schedule.rate, Size: s.Load.Size, Guarantee: s.Load.Guarantee,
		Hold: int64(s.Hold), Endpoints: r.rec.endpoints, Mu: mu(s), Plan: r.rec.phases, Control: s.ControlBitmap(),
	}
	if s.Foreign() {
		h.Seen = report.FromWire
	}
	for _, g := range s.Steady {
		h.Steady = append(h.Steady, g.Text)
	}
	for _, g := range s.Gates {
		h.Gates = append(h.Gates, g.Text)
	}
	for _, f := range s.Faults {
		h.Faults = append(h.Faults, report.Intended{
			Name: f.Name, Kind: f.Effect.Kind(), On: strings.Join(f.Targets(), ", "), Share: f.Share, At: int64(f.At), For: int64(f.For),
			Detail: fmt.Sprint(f.Effect), Cohort: s.CohortSize(f),
		})
	}
	return h
}

// mu is the handshakes per second that the targets can complete together, where all of
// them are embedded and have a capacity; 0: not known.
func mu(s *scenarios.Scenario) float64 {
	var sum float64
	for _, t := range s.Targets {
		if t.Embedded == nil || t.Embedded.Handshake.Workers == 0 || t.Embedded.Handshake.Cost == 0 {
			return 0
		}
		sum += float64(t.Embedded.Handshake.Workers) / t.Embedded.Handshake.Cost.Seconds()
	}
	return sum
}
