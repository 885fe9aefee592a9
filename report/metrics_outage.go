package report

// Sources of the definitions of outages.
const (
	sourceEstimate = "Kaplan and Meier (1958): outages that are not over are known to last at least until then"
	sourceOutage   = "the outage of each client, taken apart by what it was at; the parts sum to the whole"
	sourceOnset    = "time to recover, as its user sees it"
	sourceLag      = "time to recover less what the fault itself takes: what the policy costs"
	sourceBacklog  = "messages due and not yet handed to the kernel, against the baseline's"
)

// outageMetrics are those of the clients' outages.
func outageMetrics(t *metricList) {
	for _, of := range []struct {
		name, about, source string
		sample              func(Recovery) Quantiles
	}{
		{"recovery.onset.", "from the fault's confirmation until it is usable again for good; those that never healed count as longer than any.", sourceOnset, func(r Recovery) Quantiles { return r.Onset }},
		{"recovery.lag.", "from its loss, or from the fault's end if that was later, until it is usable again for good; those that never healed count as longer than any.", sourceLag, func(r Recovery) Quantiles { return r.Lag }},
		{"recovery.first_try.", "from its loss until its first attempt to come back.", "initial backoff and its jitter", func(r Recovery) Quantiles { return r.FirstTry }},
	} {
		for _, q := range quantileNames {
			t.add(of.name+q.name, "s", "Per client and fault, "+q.words+" of the time "+of.about, of.source, func(s *Summary) (float64, bool) {
				sample := of.sample(s.Recovery)
				return seconds(q.of(sample), sample.N > 0)
			})
			t.sampled(q.min, func(s *Summary) int64 { return int64(of.sample(s.Recovery).N) })
		}
	}
	for _, q := range []struct {
		name, words string
		min         int64
		of          func(*Estimate) int64
	}{
		{"p50", "half", trusted(0.5), func(e *Estimate) int64 { return e.P50 }},
		{"p90", "90 %", trusted(0.9), func(e *Estimate) int64 { return e.P90 }},
		{"p99", "99 %", trusted(0.99), func(e *Estimate) int64 { return e.P99 }},
	} {
		t.add("recovery.estimate."+q.name, "s", "Time since their loss by which "+q.words+" of the outages are estimated to be over, those not over at the end counting for as long as they were seen.", sourceEstimate, func(s *Summary) (float64, bool) {
			if s.Recovery.Estimate == nil {
				return 0, false
			}
			return seconds(q.of(s.Recovery.Estimate), true)
		})
		t.sampled(q.min, func(s *Summary) int64 { return int64(s.Recovery.Client.N) })
	}
	t.add("recovery.waited", "s", "Longest that a client which never healed had been down at the end of the run: its outage is longer than this.", sourceCensor, func(s *Summary) (float64, bool) {
		return seconds(s.Recovery.Waited, s.Recovery.Unhealed > 0)
	})
	t.add("recovery.caught_up", "s", "Time from the end of the last fault until, for good, no more messages waited for a connection than in the baseline, to a second.", sourceBacklog, func(s *Summary) (float64, bool) {
		if s.Recovery.CaughtUp == nil {
			return 0, false
		}
		return seconds(*s.Recovery.CaughtUp, true)
	})
	for p := range partCount {
		part := func(s *Summary) (Part, bool) {
			if s.Recovery.Outages == nil || p == detecting && s.Recovery.Detect.N == 0 {
				return Part{}, false
			}
			o := s.Recovery.Outages
			if p == dialling {
				return o.Dial, true
			}
			// Where the journal does not tell them apart, they are not 0 but not known.
			if p >= connecting && p < dialling && o.Parts[dialling].Total > 0 {
				return Part{}, false
			}
			return o.Parts[p], true
		}
		name, words := "outage."+partNames[p].name+".", partNames[p].words
		if p == dialling {
			words = "TCP, TLS and upgrade of the attempt that brought the client back, together"
		}
		t.add(name+"share", "share", "Share of the outages' time, all clients together, that was spent on this: "+words+".", sourceOutage, func(s *Summary) (float64, bool) {
			x, ok := part(s)
			return x.Share, ok && s.Recovery.Outages.Total > 0
		})
		for _, q := range quantileNames {
			if q.name == "p90" || q.name == "max" {
				continue
			}
			t.add(name+q.name, "s", "Per client and fault, "+q.words+" of the time spent on this: "+words+". Outages that are not over count up to the end.", sourceOutage, func(s *Summary) (float64, bool) {
				x, ok := part(s)
				return seconds(q.of(x.Quantiles), ok)
			})
			t.sampled(q.min, func(s *Summary) int64 { x, _ := part(s); return int64(x.N) })
		}
	}
}
