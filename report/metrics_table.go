package report

import (
	"math"
)

// Sources that several definitions share.
const (
	sourceRecovery = "RFC 6412 and 6413 (convergence, validated by a sustained time), applied to a fleet of clients"
	sourceCensor   = "right-censoring: those that never healed are in the sample as longer than the run"
	sourceStorm    = "dials after the first fault, planned moves left out, as a share of the clients that lost their connection; sliding windows are exact, by two pointers"
	sourceSync     = "unbiased Simpson index over bins of 100 ms, normalised: S = (D - 1/m)/(1 - 1/m), D = sum n(n-1)/(N(N-1))"
	sourceAvail    = "availability as the share of what was due, not of what was tried"
	sourceMessages = "RFC 5560 (duplicates); loss against everything intended"
	sourceLatency  = "open loop, from the intended time (wrk2); losses count inside the percentile; histograms merged, never averaged"
	sourceHarness  = "self-check of the load generator"
	sourceSharing  = "what clients that share tell as one pool; clients that are alone have none"
	sourceFloor    = "recovery floor of a server that completes mu handshakes per second: F = N/mu"
)

// metrics is every metric with its value: the one place where a name gets its meaning.
var metrics = func() []metric {
	var t metricList
	add := t.add

	for _, zero := range []struct {
		prefix, since string
		marks         func(*Summary) Marks
	}{
		{"recovery.", "the fault was confirmed in force", func(s *Summary) Marks { return s.Recovery.Confirmed }},
		{"recovery.commanded.", "the fault was commanded", func(s *Summary) Marks { return s.Recovery.Commanded }},
		{"recovery.cleared.", "the fault was cleared (an instantaneous one: confirmed)", func(s *Summary) Marks { return s.Recovery.Cleared }},
	} {
		for _, l := range []struct {
			name, level string
			of          func(Marks) int64
		}{
			{"t50", "50 %", func(m Marks) int64 { return m.T50 }},
			{"t90", "90 %", func(m Marks) int64 { return m.T90 }},
			{"t99", "99 %", func(m Marks) int64 { return m.T99 }},
			{"t100", "100 %", func(m Marks) int64 { return m.T100 }},
		} {
			add(zero.prefix+l.name, "s",
				"Time since "+zero.since+" until usable clients are back at "+l.level+" of the baseline's median and stay there, to the end or the next fault's command, and for the hold time at least; 0 when they never fell below. With several faults the worst.",
				sourceRecovery,
				func(s *Summary) (float64, bool) {
					m := zero.marks(s)
					return seconds(l.of(m), m.Zero != 0)
				})
		}
	}
	add("recovery.lost", "count", "Clients that lost their connection at or after the first fault's command.", sourceRecovery, recovered(func(r Recovery) (float64, bool) {
		return float64(r.Lost), true
	}))
	add("recovery.healed", "share", "Of the clients that lost their connection, those that are usable at the end.", sourceCensor, recovered(func(r Recovery) (float64, bool) {
		return float64(r.Healed) / float64(r.Lost), r.Lost > 0
	}))
	add("recovery.unhealed", "count", "Clients that lost their connection and are not usable at the end.", sourceCensor, recovered(func(r Recovery) (float64, bool) {
		return float64(r.Unhealed), true
	}))
	for _, q := range quantileNames {
		add("recovery.client."+q.name, "s", "Per client and fault, "+q.words+" of the time from its loss until it is usable again for good; those that never healed count as longer than any.", sourceCensor,
			func(s *Summary) (float64, bool) { return seconds(q.of(s.Recovery.Client), s.Recovery.Client.N > 0) })
		t.sampled(q.min, func(s *Summary) int64 { return int64(s.Recovery.Client.N) })
	}
	outageMetrics(&t)
	add("recovery.floor", "s", "Shortest recovery.cleared.t99 that any policy could reach with the targets' handshake capacity, were every loss noticed at once.", sourceFloor, recovered(func(r Recovery) (float64, bool) {
		return float64(r.Floor) / 1e9, r.Floor > 0
	}))
	add("recovery.efficiency", "share", "recovery.floor divided by recovery.cleared.t99: 100 % is the best that physics allows.", sourceFloor, recovered(func(r Recovery) (float64, bool) {
		if r.Cleared.T99 < 0 {
			return 0, r.Floor > 0
		}
		return float64(r.Floor) / float64(r.Cleared.T99), r.Floor > 0 && r.Cleared.Zero != 0 && r.Cleared.T99 > 0
	}))
	add("recovery.floor_noticed", "s", "The same when no loss is known sooner than its client noticed it: what the floor and the policy's detection allow.", sourceFloor, recovered(func(r Recovery) (float64, bool) {
		return float64(r.FloorNoticed) / 1e9, r.FloorNoticed > 0
	}))
	for _, q := range quantileNames {
		add("detect."+q.name, "s", "Per client and fault, "+q.words+" of the time from the fault's confirmation until the client noticed its loss.", "time to detect, as a distribution",
			func(s *Summary) (float64, bool) { return seconds(q.of(s.Recovery.Detect), s.Recovery.Detect.N > 0) })
		t.sampled(q.min, func(s *Summary) int64 { return int64(s.Recovery.Detect.N) })
	}

	add("storm.peak_100ms", "share", "Most reconnect attempts in any 100 ms, as a share of the clients that lost their connection.", sourceStorm, stormed(func(s Storm) (float64, bool) {
		return float64(s.Peak100ms) / float64(s.Lost), s.Lost > 0
	}))
	add("storm.peak_1s", "share", "Most reconnect attempts in any second, as a share of the clients that lost their connection.", sourceStorm, stormed(func(s Storm) (float64, bool) {
		return float64(s.Peak1s) / float64(s.Lost), s.Lost > 0
	}))
	add("storm.amp", "count", "Attempts per attempt that led to a usable connection: 1 is perfect.", sourceStorm, stormed(func(s Storm) (float64, bool) {
		if s.Healed == 0 {
			return math.Inf(1), s.Attempts > 0
		}
		return float64(s.Attempts) / float64(s.Healed), true
	}))
	add("storm.hopeless", "count", "Failed attempts that began before the last fault was cleared (an instantaneous one: confirmed).", sourceStorm, stormed(func(s Storm) (float64, bool) { return float64(s.Hopeless), true }))
	add("storm.collateral", "count", "Failed attempts that began after the last fault was cleared (an instantaneous one: confirmed).", sourceStorm, stormed(func(s Storm) (float64, bool) { return float64(s.Collateral), true }))
	add("storm.sync", "count", "Synchronisation index of the attempts from the first loss to full recovery: 0 spread, 1 lock-step.", sourceSync, stormed(func(s Storm) (float64, bool) {
		return s.Sync, s.InWindow >= 2
	}))
	t.sampled(syncLeast, func(s *Summary) int64 { return int64(s.Storm.InWindow) })
	stormMetrics(&t)

	for _, q := range quantileNames {
		add("admission."+q.name, "s", "Per dial of clients that share, after the first fault's command, "+q.words+" of the time from asking for it to being admitted.", sourceSharing,
			func(s *Summary) (float64, bool) {
				if s.Sharing == nil {
					return 0, false
				}
				return seconds(q.of(s.Sharing.Admission), s.Sharing.Admission.N > 0)
			})
		t.sampled(q.min, func(s *Summary) int64 { return int64(s.Sharing.Admission.N) })
	}
	add("storm.moves", "count", "Dials of planned moves after the first fault's command: their clients were usable meanwhile, so they are no attempts.", sourceStorm, stormed(func(s Storm) (float64, bool) { return float64(s.Moves), true }))

	add("avail.time", "share", "Client-seconds usable of the client-seconds from the baseline's start to the end. Downtime is the rest.", sourceAvail, func(s *Summary) (float64, bool) {
		return s.Clients.Up / s.Clients.Due, s.Clients.Due > 0
	})
	add("avail.msg", "share", "Messages answered by the end of those due from the baseline's start on. User-visible errors are the rest.", sourceAvail, func(s *Summary) (float64, bool) {
		all := s.measured()
		return float64(all.Intended-s.measuredLost()) / float64(all.Intended), all.Intended > 0
	})

	budgetMetrics(&t)

	messages := func(name, about string, of func(*Summary) int64) {
		add("messages."+name, "count", about, sourceMessages, func(s *Summary) (float64, bool) {
			return float64(of(s)), s.Messages["all"].Intended > 0
		})
	}
	messages("intended", "Messages due, whether their client was up or down.", func(s *Summary) int64 { return s.Messages["all"].Intended })
	messages("acked", "Messages answered at least once.", func(s *Summary) int64 { return s.Messages["all"].Acked })
	messages("lost", "Messages due and never answered by the end.", func(s *Summary) int64 { return s.Lost["all"] })
	messages("dup", "Answers to messages that had been answered already.", func(s *Summary) int64 { return s.Messages["all"].Dup })
	messages("resent", "Messages handed to the kernel again.", func(s *Summary) int64 { return s.Messages["all"].Resent })
	add("messages.rate", "/s", "Messages answered per second from the baseline's start to the end.", sourceMessages, func(s *Summary) (float64, bool) {
		all := s.measured()
		return float64(all.Acked) * float64(s.Run.Clients) / s.Clients.Due, all.Intended > 0 && s.Clients.Due > 0
	})

	answerMetrics(&t)

	latencyMetrics(&t)
	pushMetrics(&t)
	add("latency.shift", "s", "Median response of the cohorts of lasting faults, each in whole seconds while its fault was in force, minus their median in the baseline.", sourceLatency, func(s *Summary) (float64, bool) {
		return s.shift("faulted")
	})
	add("latency.control_shift", "s", "The same of the control cohort: what the fault did to those that it should not touch.", sourceLatency, func(s *Summary) (float64, bool) {
		return s.shift("control")
	})

	balanceMetrics(&t)
	connectionMetrics(&t)
	add("clients.usable", "share", "Clients that are usable: in the steady state the median over the baseline, in a gate at the end of the run.", sourceAvail, func(s *Summary) (float64, bool) {
		return float64(s.Clients.Usable) / float64(s.Run.Clients), s.Run.Clients > 0
	})
	add("clients.reset", "count", "Distinct clients that saw ECONNRESET.", "errno of the read or write that ended the connection", func(s *Summary) (float64, bool) {
		return float64(s.Clients.Reset), s.Run.Clients > 0
	})

	add("harness.late_p99", "s", "Lateness of sends on usable connections after their intended time: the highest p99 of one second while calm.", sourceHarness, func(s *Summary) (float64, bool) {
		return seconds(s.Fitness.LateP99, s.Fitness.Sends > 0)
	})
	add("harness.timer_p99", "s", "Lateness of the policy's timers while calm, p99.", sourceHarness, func(s *Summary) (float64, bool) {
		return seconds(s.Fitness.TimerP99, s.Fitness.Timers > 0)
	})
	add("harness.tick_p99", "s", "Lateness of a 10 ms ticker from the baseline's start on, median over the seconds of their p99: starved CPU.", sourceHarness, func(s *Summary) (float64, bool) {
		return seconds(s.Fitness.TickP99, s.Fitness.Ticks > 0)
	})
	harnessMetrics(&t)
	add("harness.fds", "share", "Highest share of its descriptor limit that a process of the run used.", sourceHarness, func(s *Summary) (float64, bool) {
		return s.Fitness.FDs, s.Fitness.Processes > 0
	})
	return t.all
}()

// metricList gathers the metrics.
type metricList struct{ all []metric }

func (t *metricList) add(name, unit, about, source string, value func(*Summary) (float64, bool)) {
	t.all = append(t.all, metric{Metric: Metric{Name: name, Unit: unit, About: about, Source: source}, value: value})
}

// sampled says of the metric that was added last that it rests on a sample, how large that
// is, and from which size on the metric can be trusted.
func (t *metricList) sampled(least int64, n func(*Summary) int64) {
	m := &t.all[len(t.all)-1]
	m.Min, m.n = least, n
}

// seconds turns ns into a metric's value; -1 has no finite one.
func seconds(ns int64, ok bool) (float64, bool) {
	if ns < 0 {
		return math.Inf(1), ok
	}
	return float64(ns) / 1e9, ok
}

// recovered limits a value to runs in which something was broken.
func recovered(of func(Recovery) (float64, bool)) func(*Summary) (float64, bool) {
	return func(s *Summary) (float64, bool) {
		if s.Recovery.Zero == "" {
			return 0, false
		}
		return of(s.Recovery)
	}
}

func stormed(of func(Storm) (float64, bool)) func(*Summary) (float64, bool) {
	return func(s *Summary) (float64, bool) {
		if s.Recovery.Zero == "" {
			return 0, false
		}
		return of(s.Storm)
	}
}

var quantileNames = []struct {
	name, words string
	min         int64
	of          func(Quantiles) int64
}{
	{"p50", "median", trusted(0.5), func(q Quantiles) int64 { return q.P50 }},
	{"p90", "90th percentile", trusted(0.9), func(q Quantiles) int64 { return q.P90 }},
	{"p99", "99th percentile", trusted(0.99), func(q Quantiles) int64 { return q.P99 }},
	{"max", "longest", trusted(1), func(q Quantiles) int64 { return q.Max }},
}

// shift is what the faults did to the median response of a cohort.
func (s *Summary) shift(cohort string) (float64, bool) {
	ns, found := s.Shift[cohort]
	return float64(ns) / 1e9, found
}

// measured sums the messages of all phases but warmup.
func (s *Summary) measured() LoadCount {
	var sum LoadCount
	for phase, c := range s.Messages {
		if phase != "all" && phase != warmup {
			sum = sum.plus(c)
		}
	}
	return sum
}

func (s *Summary) measuredLost() int64 { return s.Lost["all"] - s.Lost[warmup] }
