package report

// Sources of the definitions of storms beyond the peaks.
const (
	sourceRetries = "retry budgets (Google SRE workbook): retries per first attempt"
	sourceFano    = "Fano factor of the counts in bins of 100 ms; unlike storm.sync it grows with the fleet"
	sourceLoad    = "attempts per second over the handshakes per second that the targets can complete"
	sourceMeta    = "Bronson et al., HotOS 2021: the failure outlives its trigger because something sustains it"
	// syncLeast is how many attempts the synchronisation index needs: of 30 spread evenly it
	// comes out below 0.1 by chance in 95 of 100 cases, whatever the number of bins.
	syncLeast = 30
)

// stormMetrics are those that say what the storm cost and how uneven it was.
func stormMetrics(t *metricList) {
	t.add("storm.retry_ratio", "count", "Attempts that were not the first since their client's loss, per attempt that was.", sourceRetries, stormed(func(s Storm) (float64, bool) {
		return float64(s.Attempts-s.First) / float64(s.First), s.First > 0
	}))
	t.add("storm.wasted", "share", "Failed attempts, hopeless and collateral ones together, of all attempts.", sourceStorm, stormed(func(s Storm) (float64, bool) {
		return float64(s.Hopeless+s.Collateral) / float64(s.Attempts), s.Attempts > 0
	}))
	t.add("storm.collateral_rate", "/s", "Failed attempts that began after the last fault was cleared (an instantaneous one: confirmed), per second from then to full recovery, or to the end.", sourceStorm, stormed(func(s Storm) (float64, bool) {
		return float64(s.Collateral) / (float64(s.After) / 1e9), s.After > 0
	}))
	t.add("storm.load", "count", "Most reconnect attempts in any second over what the targets can complete in one: above 1 they fall behind.", sourceLoad, func(s *Summary) (float64, bool) {
		return float64(s.Storm.Peak1s) / s.Run.Mu, s.Recovery.Zero != "" && s.Run.Mu > 0 && s.Storm.Attempts > 0
	})
	t.add("storm.peak_to_mean", "count", "Most attempts in a bin of 100 ms over the mean of the bins from the first loss to full recovery.", sourceFano, stormed(func(s Storm) (float64, bool) {
		return s.PeakToMean, s.InWindow >= 2
	}))
	t.sampled(syncLeast, func(s *Summary) int64 { return int64(s.Storm.InWindow) })
	t.add("storm.fano", "count", "Variance over mean of the attempts in bins of 100 ms from the first loss to full recovery: 1 at random, less when even, more in waves.", sourceFano, stormed(func(s Storm) (float64, bool) {
		return s.Fano, s.InWindow >= 2
	}))
	t.sampled(syncLeast, func(s *Summary) int64 { return int64(s.Storm.InWindow) })
	t.add("storm.metastable", "count", "1 where metastable failure is suspected, else 0; no value where the run ended before that could be told.", sourceMeta, func(s *Summary) (float64, bool) {
		switch {
		case s.Metastable == nil || s.Metastable.State == "too early":
			return 0, false
		case s.Metastable.State == "suspected":
			return 1, true
		}
		return 0, true
	})
}

// balanceMetrics are those of the spread over endpoints.
func balanceMetrics(t *metricList) {
	const source = "share of the usable clients by endpoint; the shift is the total variation distance"
	balanced := func(of func(*Balance) (float64, bool)) func(*Summary) (float64, bool) {
		return func(s *Summary) (float64, bool) {
			if s.Balance == nil {
				return 0, false
			}
			return of(s.Balance)
		}
	}
	t.add("balance.before", "share", "Largest share of the usable clients that one endpoint had when the first fault was commanded.", source, balanced(func(b *Balance) (float64, bool) { return b.Before, b.Before > 0 }))
	t.add("balance.after", "share", "Largest share of the usable clients that one endpoint had at the end.", source, balanced(func(b *Balance) (float64, bool) { return b.After, b.After > 0 }))
	t.add("balance.shift", "share", "Share of the usable clients that would have to change their endpoint for the spread at the end to be that before the first fault.", source, balanced(func(b *Balance) (float64, bool) { return b.Shift, b.Before > 0 && b.After > 0 }))
}

// harnessMetrics are those of the engine's own process.
func harnessMetrics(t *metricList) {
	ours := func(of func(*HarnessRow) (float64, bool)) func(*Summary) (float64, bool) {
		return func(s *Summary) (float64, bool) {
			for i := range s.Harness {
				if s.Harness[i].Process == engine {
					return of(&s.Harness[i])
				}
			}
			return 0, false
		}
	}
	t.add("harness.stall", "s", "Latest tick of a 10 ms ticker, where later than 100 ms, from the first fault's command to full recovery and the hold time: for so long the engine stood still.", sourceHarness, func(s *Summary) (float64, bool) {
		return seconds(s.Fitness.Stall, s.Fitness.Healing > 0 && s.Fitness.Ticks > 0)
	})
	t.add("harness.gc_pause", "s", "Longest garbage collector pause of the engine from the baseline's start on.", sourceHarness, ours(func(r *HarnessRow) (float64, bool) { return seconds(r.GCPause, r.GCPause > 0) }))
	t.add("harness.steal", "share", "Highest share of the machine's CPU time that others took in one interval, from the baseline's start on; no value where none was seen.", sourceHarness, ours(func(r *HarnessRow) (float64, bool) { return r.Steal, r.Steal > 0 }))
	t.add("harness.cpu", "count", "Most cores that the engine used in one interval.", sourceHarness, ours(func(r *HarnessRow) (float64, bool) { return r.CPU, r.CPU > 0 }))
}
