package serve

import (
	"bytes"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/wsheal/wsheal/report/live"
)

// metrics are the state as Prometheus text, 0.0.4; when the run is over, those of its
// report follow.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	state, begun, over, final := s.state, s.begun, s.over, s.final
	s.mu.Unlock()
	var b bytes.Buffer
	if begun {
		r := prometheus.NewRegistry()
		labels := prometheus.Labels{"scenario": clean(state.Scenario), "policy": clean(state.Policy)}
		prometheus.WrapRegistererWith(labels, r).MustRegister(collector{state, over})
		families, err := r.Gather()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, f := range families {
			_, _ = expfmt.MetricFamilyToText(&b, f) // a buffer takes everything
		}
	}
	if final != nil {
		b.Write(final.Metrics)
	}
	answer(w, "text/plain; version=0.0.4; charset=utf-8", b.Bytes())
}

// collector shows one state.
//
//	wsheal_live_running                        gauge    1 while the run goes on
//	wsheal_live_elapsed_seconds                gauge    since the run's start
//	wsheal_live_planned_seconds                gauge    length of the plan
//	wsheal_live_clients                        gauge
//	wsheal_live_clients_usable                 gauge
//	wsheal_live_messages_intended_per_second   gauge    0: no load
//	wsheal_live_dials_total                    counter
//	wsheal_live_answers_total                  counter
//	wsheal_live_harness_unfit                  gauge    1: the run will be invalid
//	wsheal_live_phase{phase}                   gauge    1 for the phase that it is in
//	wsheal_live_fault{fault,kind,state}        gauge    1 for its state: planned, commanded, confirmed, cleared, failed
//	wsheal_live_recovery_seconds{level}        gauge    stopwatch since the first confirmed edge, once clients were lost
//	wsheal_live_recovery_held{level}           gauge    1: it has come back, and for the hold time
type collector struct {
	live.State
	over bool
}

// mostFaults is how many faults have metrics, and rows on the page.
const mostFaults = 100

// Describe sends nothing: which metrics there are follows from the plan.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the state.
func (c collector) Collect(out chan<- prometheus.Metric) {
	sample := func(kind prometheus.ValueType, name, help string, v float64, names []string, values ...string) {
		d := prometheus.NewDesc("wsheal_live_"+name, help, names, nil)
		out <- prometheus.MustNewConstMetric(d, kind, v, values...)
	}
	gauge := func(name, help string, v float64) { sample(prometheus.GaugeValue, name, help, v, nil) }
	gauge("running", "1 while the run goes on.", truth(!c.over))
	gauge("elapsed_seconds", "Time since the run's start.", c.Now.Seconds())
	gauge("planned_seconds", "Length of the plan.", c.Total().Seconds())
	gauge("clients", "Clients of the run.", float64(c.Clients))
	gauge("clients_usable", "Clients that are usable.", float64(c.Usable))
	gauge("messages_intended_per_second", "Load that is intended.", c.Rate)
	gauge("harness_unfit", "1: the harness cannot do its work, and the run will be invalid.", truth(c.Health == live.Unfit))
	sample(prometheus.CounterValue, "dials_total", "Dials since the run's start.", float64(c.Dialed), nil)
	sample(prometheus.CounterValue, "answers_total", "Messages answered since the run's start.", float64(c.Answered), nil)
	for _, p := range distinct(c.Phases, func(p live.Phase) string { return p.Name }) {
		sample(prometheus.GaugeValue, "phase", "1 for the phase that the run is in.", truth(p.Name == c.Phase), []string{"phase"}, clean(p.Name))
	}
	for _, f := range distinct(c.Faults, func(f live.Fault) string { return f.Name }) {
		for _, state := range faultStates {
			sample(prometheus.GaugeValue, "fault", "1 for the state that the fault is in.", truth(state == faultState(f)),
				[]string{"fault", "kind", "state"}, clean(f.Name), clean(f.Kind), state)
		}
	}
	for _, w := range c.Watches {
		if w.State >= live.Running {
			sample(prometheus.GaugeValue, "recovery_seconds", "Time until this share of the baseline's usable clients was back, so far.", w.Value.Seconds(), []string{"level"}, w.Name)
			sample(prometheus.GaugeValue, "recovery_held", "1: it has been back for the hold time.", truth(w.State == live.Held), []string{"level"}, w.Name)
		}
	}
}

// distinct are the first of those that are shown under one name, and not more than mostFaults.
func distinct[T any](all []T, name func(T) string) (out []T) {
	seen := map[string]bool{}
	for _, each := range all {
		if n := clean(name(each)); !seen[n] && len(out) < mostFaults {
			seen[n] = true
			out = append(out, each)
		}
	}
	return out
}

var faultStates = []string{"planned", "commanded", "confirmed", "cleared", "failed"}

func faultState(f live.Fault) string {
	switch {
	case f.Failed != "":
		return "failed"
	case f.Cleared != 0:
		return "cleared"
	case f.Confirmed != 0:
		return "confirmed"
	case f.Commanded != 0:
		return "commanded"
	}
	return "planned"
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
