// Package prom shows a pool to Prometheus.
//
//	registry.MustRegister(prom.New(p, nil))
//
// It counts nothing itself: each scrape is one [pool.Snapshot]. Labels are few: phase,
// endpoint (at most 256 addresses, those that are off the list and unused left out), cause and
// outcome. Of several pools each needs a label of its own.
//
//	wsheal_pool_connections                    gauge    the pool's own, there or on their way
//	wsheal_pool_connections_min, _max          gauge    bounds of that
//	wsheal_pool_connections_usable             gauge    of those, ready ones
//	wsheal_pool_clients{phase}                 gauge    all clients, sessions' too, by phase of healing
//	wsheal_pool_leases                         gauge    connections that somebody has to himself
//	wsheal_pool_sessions                       gauge
//	wsheal_pool_subscriptions                  gauge
//	wsheal_pool_subscriptions_adrift           gauge    carried by no connection
//	wsheal_pool_messages_in_flight             gauge    given to connections and not done with
//	wsheal_pool_messages_kept                  gauge    in the rings of sessions
//	wsheal_pool_waiting                        gauge    for room or for a connection
//	wsheal_pool_storm, _panic                  gauge    0 or 1
//	wsheal_pool_retry_budget                   gauge    attempts left
//	wsheal_pool_asking                         gauge    clients that wait for admission
//	wsheal_pool_dialing                        gauge    handshakes under way
//	wsheal_pool_endpoint_connections{endpoint} gauge
//	wsheal_pool_endpoint_dialing{endpoint}     gauge    handshakes under way
//	wsheal_pool_endpoint_dial_limit{endpoint}  gauge    handshakes that may be under way
//	wsheal_pool_endpoint_handshake_seconds{endpoint} gauge smoothed
//	wsheal_pool_endpoint_fit{endpoint}         gauge    1: it gets connections; 0: ejected, probed, draining, removed
//	wsheal_pool_messages_written_total         counter  handed to the kernel, again or not
//	wsheal_pool_messages_received_total        counter
//	wsheal_pool_messages_resent_total          counter
//	wsheal_pool_messages_dropped_total         counter  inbound, for want of room
//	wsheal_pool_outcomes_total{outcome}        counter  what became of messages
//	wsheal_pool_dials_total                    counter
//	wsheal_pool_connected_total                counter  connections that became ready
//	wsheal_pool_moved_total                    counter  connections that replaced another as planned
//	wsheal_pool_attempts_failed_total{cause}   counter
//	wsheal_pool_connections_lost_total{cause}  counter
package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
)

// Source is what is shown: a [pool.Pool].
type Source interface{ Snapshot() pool.Snapshot }

// Collector is a prometheus.Collector of one pool.
type Collector struct {
	source Source
	values []value
	byKind [kinds]*prometheus.Desc
}

// value is one metric without labels of its own.
type value struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*pool.Snapshot) float64
}

// kind is a metric with a label of its own.
type kind int

const (
	clients kind = iota
	endpointConnections
	endpointDialing
	endpointLimit
	endpointHandshake
	endpointFit
	outcomes
	failed
	lost
	kinds
)

// New makes the collector of a pool. labels are put on every metric; nil: none.
func New(of Source, labels prometheus.Labels) *Collector {
	c := &Collector{source: of}
	describe := func(name, help string, variable ...string) *prometheus.Desc {
		return prometheus.NewDesc("wsheal_pool_"+name, help, variable, labels)
	}
	add := func(kind prometheus.ValueType, name, help string, of func(*pool.Snapshot) float64) {
		c.values = append(c.values, value{describe(name, help), kind, of})
	}
	gauge := func(name, help string, of func(*pool.Snapshot) int) {
		add(prometheus.GaugeValue, name, help, func(s *pool.Snapshot) float64 { return float64(of(s)) })
	}
	counter := func(name, help string, of func(*pool.Snapshot) uint64) {
		add(prometheus.CounterValue, name, help, func(s *pool.Snapshot) float64 { return float64(of(s)) })
	}
	gauge("connections", "Connections of the pool's own that there are or will be.", func(s *pool.Snapshot) int { return s.Size })
	gauge("connections_min", "Fewest connections.", func(s *pool.Snapshot) int { return s.Min })
	gauge("connections_max", "Most connections.", func(s *pool.Snapshot) int { return s.Max })
	gauge("connections_usable", "Connections that are ready.", func(s *pool.Snapshot) int { return s.Usable })
	gauge("leases", "Connections that somebody has to himself.", func(s *pool.Snapshot) int { return s.Leases })
	gauge("sessions", "Open sessions.", func(s *pool.Snapshot) int { return s.Sessions })
	gauge("subscriptions", "Open subscriptions.", func(s *pool.Snapshot) int { return s.Subscriptions })
	gauge("subscriptions_adrift", "Subscriptions that no connection carries.", func(s *pool.Snapshot) int { return s.Adrift })
	gauge("messages_in_flight", "Messages given to connections and not done with.", func(s *pool.Snapshot) int { return s.InFlight })
	gauge("messages_kept", "Messages in the rings of sessions.", func(s *pool.Snapshot) int { return s.Kept })
	gauge("waiting", "Callers that wait for room or a connection, and messages that lost theirs.", func(s *pool.Snapshot) int { return s.Waiting })
	gauge("storm", "1 while coming back is spread after many connections were lost at once.", func(s *pool.Snapshot) int { return truth(s.Shared.Storm) })
	gauge("panic", "1 while too few endpoints are fit and all are used.", func(s *pool.Snapshot) int { return truth(s.Shared.Panic) })
	add(prometheus.GaugeValue, "retry_budget", "What is left of the retry budget, in tokens.", func(s *pool.Snapshot) float64 { return s.Shared.Budget })
	gauge("asking", "Clients that wait for admission.", func(s *pool.Snapshot) int { return s.Shared.Asking })
	gauge("dialing", "Handshakes under way.", func(s *pool.Snapshot) int { return s.Shared.Dialing })
	counter("messages_written_total", "Messages handed to the kernel, again or not.", func(s *pool.Snapshot) uint64 { return s.Totals.Written })
	counter("messages_received_total", "Data messages that arrived.", func(s *pool.Snapshot) uint64 { return s.Totals.Received })
	counter("messages_resent_total", "Messages sent again.", func(s *pool.Snapshot) uint64 { return s.Totals.Resent })
	counter("messages_dropped_total", "Inbound messages for which there was no room.", func(s *pool.Snapshot) uint64 { return s.Totals.Dropped })
	counter("dials_total", "Dials begun.", func(s *pool.Snapshot) uint64 { return s.Totals.Dials })
	counter("connected_total", "Connections that became ready.", func(s *pool.Snapshot) uint64 { return s.Totals.Connected })
	counter("moved_total", "Connections that replaced another as planned.", func(s *pool.Snapshot) uint64 { return s.Totals.Moved })
	c.byKind = [kinds]*prometheus.Desc{
		clients:             describe("clients", "Clients, sessions' included, by phase of healing.", "phase"),
		endpointConnections: describe("endpoint_connections", "Connections to an endpoint.", "endpoint"),
		endpointDialing:     describe("endpoint_dialing", "Handshakes under way with an endpoint.", "endpoint"),
		endpointLimit:       describe("endpoint_dial_limit", "Handshakes that may be under way with an endpoint.", "endpoint"),
		endpointHandshake:   describe("endpoint_handshake_seconds", "Smoothed time of a handshake with an endpoint.", "endpoint"),
		endpointFit:         describe("endpoint_fit", "1 while an endpoint gets connections.", "endpoint"),
		outcomes:            describe("outcomes_total", "What became of messages, finally.", "outcome"),
		failed:              describe("attempts_failed_total", "Attempts that failed, by cause.", "cause"),
		lost:                describe("connections_lost_total", "Ready connections that ended, by cause.", "cause"),
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, v := range c.values {
		out <- v.desc
	}
	for _, d := range c.byKind {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	s := c.source.Snapshot()
	for _, v := range c.values {
		out <- prometheus.MustNewConstMetric(v.desc, v.kind, v.of(&s))
	}
	put := func(k kind, t prometheus.ValueType, v float64, label string) {
		out <- prometheus.MustNewConstMetric(c.byKind[k], t, v, label)
	}
	for phase, n := range s.Phases {
		put(clients, prometheus.GaugeValue, float64(n), heal.Phase(phase).String())
	}
	for _, e := range s.Shared.Endpoints {
		if e.Health == crowd.Removed && e.Connections == 0 {
			continue
		}
		put(endpointConnections, prometheus.GaugeValue, float64(e.Connections), e.Key)
		put(endpointDialing, prometheus.GaugeValue, float64(e.Dialing), e.Key)
		put(endpointLimit, prometheus.GaugeValue, e.Limit, e.Key)
		put(endpointHandshake, prometheus.GaugeValue, e.Latency.Seconds(), e.Key)
		put(endpointFit, prometheus.GaugeValue, float64(truth(fit(e.Health))), e.Key)
	}
	for o := pool.NotSent; o <= pool.Unknown; o++ {
		put(outcomes, prometheus.CounterValue, float64(s.Totals.Outcomes[o]), o.String())
	}
	for cause, n := range s.Totals.Failed {
		put(failed, prometheus.CounterValue, float64(n), cause.String())
	}
	for cause, n := range s.Totals.Lost {
		put(lost, prometheus.CounterValue, float64(n), cause.String())
	}
}

// fit tells whether an endpoint in this state gets connections as a matter of course.
func fit(h crowd.Health) bool {
	switch h {
	case crowd.Ejected, crowd.Probing, crowd.Draining, crowd.Removed:
		return false
	}
	return true
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
