package report_test

import (
	"math"
	"strings"

	"github.com/wsheal/wsheal/report"
)

const (
	msec = int64(1e6)
	secs = int64(1e9)
)

// samples are hand-made summaries, one per way that a run can end.
func samples() map[string]*report.Summary {
	return map[string]*report.Summary{
		"pass":         passSample(),
		"fail":         failSample(),
		"inconclusive": inconclusiveSample(),
		"invalid":      invalidSample(),
		"cutoff":       cutoffSample(),
		"empty":        {Schema: report.Schema, Verdict: report.Inconclusive, Reasons: []string{"the journal holds no run"}, Ended: report.End{Reason: "cut off"}},
		"quiet":        quietSample(),
		"hostile":      hostileSample(),
		"many":         manySample(),
	}
}

// passSample is reset-storm under the default policy: all 1,000 come back, spread
// over five seconds.
func passSample() *report.Summary {
	s := &report.Summary{
		Schema:  report.Schema,
		Verdict: report.Pass,
		Run: report.Run{
			Schema: report.Schema, Scenario: "reset-storm", About: "Every connection is reset at once; the fleet must come back without a storm.",
			Policy: "default", Seed: 42, Version: "v0.1.0", Started: "2026-10-09T08:00:12Z", Host: "linux/amd64, 2 CPUs, go1.26.8",
			Clients: 1000, Rate: 2000, Size: 128, Guarantee: "at-least-once", Hold: 3 * secs, Endpoints: []string{"blue"},
			Plan: []report.Planned{
				{Name: "warmup", From: 0, To: 6 * secs},
				{Name: "baseline", From: 6 * secs, To: 11 * secs},
				{Name: "chaos", From: 11 * secs, To: 12 * secs},
				{Name: "recovery", From: 12 * secs, To: 26 * secs},
			},
			Steady:  []string{"clients.usable >= 99.9%", "latency.p99 < 50ms"},
			Gates:   []string{"recovery.t99 < 8s", "storm.peak_1s < 40%", "messages.lost == 0"},
			Command: "wsheal run reset-storm --set seed=42",
		},
		Ended:    report.End{Reason: "complete"},
		Duration: 26*secs + 112*msec,
		Steady: &report.Steady{Met: true, Checks: []report.Check{
			{Text: "clients.usable >= 99.9%", Value: 1, Met: true},
			{Text: "latency.p99 < 50ms", Value: 0.00213, Met: true},
		}},
		Gates: []report.GateResult{
			{Text: "recovery.t99 < 8s", Metric: "recovery.t99", Unit: "s", Value: 4.968, Limit: 8, Verdict: "pass"},
			{Text: "storm.peak_1s < 40%", Metric: "storm.peak_1s", Unit: "share", Value: 0.231, Limit: 0.4, Verdict: "pass"},
			{Text: "messages.lost == 0", Metric: "messages.lost", Unit: "", Value: 0, Limit: 0, Verdict: "pass"},
		},
		Faults: []report.FaultResult{{
			Intended:  report.Intended{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 11 * secs, Cohort: 1000},
			Commanded: 11*secs + 2*msec, Confirmed: 11*secs + 3*msec + 212_000, Cleared: 11*secs + 19*msec,
			State: "confirmed", Why: "1,000 of 1,000 clients saw ECONNRESET",
			Evidence: report.Fault{State: "confirmed", First: 11*secs + 3*msec, Last: 11*secs + 19*msec, Targeted: 1000, Hit: 1000, Resets: 1000},
			SawReset: 1000,
		}},
		Messages: map[string]report.LoadCount{
			"all":      {Intended: 52000, Sent: 52000, Acked: 52000, Resent: 312, Dup: 4, Waited: 5131},
			"warmup":   {Intended: 12000, Sent: 12000, Acked: 12000},
			"baseline": {Intended: 10000, Sent: 10000, Acked: 10000},
			"chaos":    {Intended: 2000, Sent: 2000, Acked: 2000, Resent: 312, Dup: 4, Waited: 1831},
			"recovery": {Intended: 28000, Sent: 28000, Acked: 28000, Waited: 3300},
		},
		Lost: map[string]int64{"all": 0, "warmup": 0, "baseline": 0, "chaos": 0, "recovery": 0},
		Latency: []report.LatencyRow{
			{Phase: "warmup", Cohort: "all", Kind: "response", N: 12000, P50: 321_000, P90: 690_000, P99: 2_410_000, P999: 5_300_000, Max: 11_200_000},
			{Phase: "warmup", Cohort: "all", Kind: "service", N: 12000, P50: 301_000, P90: 655_000, P99: 2_290_000, P999: 5_110_000, Max: 10_900_000},
			{Phase: "baseline", Cohort: "all", Kind: "response", N: 10000, P50: 312_000, P90: 640_000, P99: 2_130_000, P999: 4_410_000, Max: 8_110_000},
			{Phase: "baseline", Cohort: "all", Kind: "service", N: 10000, P50: 295_000, P90: 611_000, P99: 1_990_000, P999: 4_120_000, Max: 7_900_000},
			{Phase: "chaos", Cohort: "all", Kind: "response", N: 2000, P50: 2_211 * msec, P90: 4_310 * msec, P99: 4_911 * msec, P999: 4_990 * msec, Max: 5_003 * msec},
			{Phase: "chaos", Cohort: "all", Kind: "service", N: 2000, P50: 401_000, P90: 1_100_000, P99: 6_310_000, P999: 9_800_000, Max: 15_300_000},
			{Phase: "recovery", Cohort: "all", Kind: "response", N: 28000, P50: 344_000, P90: 911 * msec, P99: 3_120 * msec, P999: 3_910 * msec, Max: 4_020 * msec},
			{Phase: "recovery", Cohort: "all", Kind: "service", N: 28000, P50: 322_000, P90: 712_000, P99: 2_810_000, P999: 6_010_000, Max: 13_900_000},
		},
		Causes: []report.CauseRow{
			{Event: "lost", Cause: "reset", Count: 1000, Clients: 1000},
			{Event: "failed", Cause: "reset", Count: 4, Clients: 4},
		},
		Harness: []report.HarnessRow{
			{Process: "engine", CPU: 0.71, RSS: 96 << 20, FDs: 1043, FDLimit: 20000, TickP99: 2_100_000, LateP99: 1_810_000, TimerP99: 2_900_000},
			{Process: "proxy", CPU: 0.42, RSS: 61 << 20, FDs: 2019, FDLimit: 20000},
			{Process: "target:blue", CPU: 0.31, RSS: 44 << 20, FDs: 1012, FDLimit: 20000},
		},
		Targets: []report.Target{{Name: "blue", Live: 1000, Upgraded: 2000, Messages: 52316}},
		Metrics: map[string]float64{"avail.time": 0.9042, "avail.msg": 0.9013, "recovery.t99": 4.968, "storm.peak_1s": 0.231, "messages.lost": 0, "messages.rate": 2000},
		Fitness: report.Fitness{Sends: 41000, LateP99: 1_810_000, Timers: 9120, TimerP99: 2_900_000, Ticks: 20, TickP99: 1_200_000, Processes: 3, FDs: 0.101, FDProcess: "proxy"},
		Clients: report.Clients{Usable: 1000, Reset: 1000, Up: 18084, Due: 20000},
		Shift:   map[string]int64{"faulted": 2_210_688_000},
	}
	s.Recovery = report.Recovery{
		Zero: "confirmed", Lost: 1000, Healed: 1000, Baseline: 1000, Held: true,
		Confirmed: report.Marks{Zero: 11*secs + 3*msec + 212_000, T50: 2_497 * msec, T90: 4_488 * msec, T99: 4_968 * msec, T100: 5_011 * msec},
		Commanded: report.Marks{Zero: 11*secs + 2*msec, T50: 2_498 * msec, T90: 4_489 * msec, T99: 4_969 * msec, T100: 5_012 * msec},
		Cleared:   report.Marks{Zero: 11*secs + 19*msec, T50: 2_481 * msec, T90: 4_472 * msec, T99: 4_952 * msec, T100: 4_995 * msec},
		Client:    report.Quantiles{N: 1000, Min: 6 * msec, P50: 2_491 * msec, P90: 4_481 * msec, P99: 4_960 * msec, Max: 5_003 * msec},
		Detect:    report.Quantiles{N: 1000, Min: 210_000, P50: 6_100_000, P90: 12_400_000, P99: 15_900_000, Max: 16_300_000},
	}
	s.Storm = report.Storm{Lost: 1000, Losses: 1000, Attempts: 1004, InWindow: 1004, Healed: 1000, Peak100ms: 34, Peak1s: 231, Hopeless: 3, Collateral: 1, Sync: 0.0006}
	s.Faults[0].Fleet = s.Recovery.Confirmed
	fill(s, func(t float64) float64 { return t / 5 })
	s.Heat = []report.Heat{
		{Kind: "response", Step: secs, Low: 19, Counts: [][]int64{{}, {12, 300, 40}, {0, 310, 30, 2}, {}, {1, 290, 41, 0, 0, 0, 0, 0, 1}}},
		{Kind: "service", Step: secs, Low: 18, Counts: [][]int64{{}, {40, 300, 12}}},
	}
	s.Raster = &report.Raster{Every: 2, Client: []int{0, 2, 996, 4, 998}, T: []int64{11_020 * msec, 11_031 * msec, 12 * secs, 13 * secs, 15 * secs}, Outcome: "nhcho"}
	s.Events = []report.Event{{T: 0, Kind: "phase", Text: "warmup begins"}, {T: 11*secs + 2*msec, Kind: "fault", Text: "cut commanded"}, {T: 26 * secs, Kind: "end", Text: "complete"}}
	s.Latency[4].Curve = []report.Point{{T: 210_000}, {T: 1_100 * msec, V: 0.3}, {T: 2_211 * msec, V: 0.5}, {T: 4_310 * msec, V: 0.9}, {T: 4_911 * msec, V: 0.99}, {T: 5_003 * msec, V: 1}}
	return s
}

// failSample is the same storm under the naive policy against a small server.
func failSample() *report.Summary {
	s := passSample()
	s.Verdict = report.Fail
	s.Reasons = []string{"storm.peak_1s is 100 % of the connections lost; the limit is < 40 %", "recovery.t99 is 9.412 s; the limit is < 8 s"}
	s.Run.Policy, s.Run.Mu = "naive", 500
	s.Run.Command = "wsheal run reset-storm --set clients.policy=naive --set 'targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}'"
	s.Gates[0].Value, s.Gates[0].Verdict, s.Gates[0].Why = 9.412, "fail", "it was 9.412 s"
	s.Gates[1].Value, s.Gates[1].Verdict = 1, "fail"
	s.Recovery.Confirmed = report.Marks{Zero: s.Recovery.Confirmed.Zero, T50: 3_011 * msec, T90: 7_702 * msec, T99: 9_412 * msec, T100: -1}
	s.Recovery.Commanded = report.Marks{Zero: s.Recovery.Commanded.Zero, T50: 3_012 * msec, T90: 7_703 * msec, T99: 9_413 * msec, T100: -1}
	s.Recovery.Cleared = report.Marks{Zero: s.Recovery.Cleared.Zero, T50: 2_996 * msec, T90: 7_686 * msec, T99: 9_396 * msec, T100: -1}
	s.Faults[0].Fleet = s.Recovery.Confirmed
	s.Recovery.Healed, s.Recovery.Unhealed, s.Recovery.Held = 997, 3, false
	s.Recovery.Client = report.Quantiles{N: 997, Min: 2 * msec, P50: 3_001 * msec, P90: 7_690 * msec, P99: 9_300 * msec, Max: 13_911 * msec}
	s.Storm = report.Storm{Lost: 1000, Losses: 1003, Attempts: 6203, InWindow: 6203, Healed: 997, Peak100ms: 1000, Peak1s: 1000, Hopeless: 12, Collateral: 5194, Sync: 0.41}
	s.Causes = []report.CauseRow{
		{Event: "lost", Cause: "reset", Count: 1000, Clients: 1000},
		{Event: "failed", Cause: "status", Code: 503, Count: 5190, Clients: 800},
		{Event: "failed", Cause: "timeout", Count: 16, Clients: 16},
	}
	s.Messages["all"] = report.LoadCount{Intended: 52000, Sent: 51940, Acked: 51912, Resent: 402, Dup: 9, Waited: 9914}
	s.Lost = map[string]int64{"all": 88, "warmup": 0, "baseline": 0, "chaos": 21, "recovery": 67}
	for i := range s.Latency {
		s.Latency[i].Lost = s.Lost[s.Latency[i].Phase]
	}
	s.Recovery.Waited = 14_311 * msec
	s.Recovery.Outages = &report.Outages{N: 1000, Total: 4211.5, Parts: []report.Part{
		{Name: "detect", Total: 6.2, Share: 6.2 / 4211.5, Quantiles: report.Quantiles{N: 1000, P50: 6_100_000, P90: 12_400_000, P99: 15_900_000, Max: 16_300_000}},
		{Name: "backoff", Total: 2901.1, Share: 2901.1 / 4211.5, Quantiles: report.Quantiles{N: 1000, P50: 2_001 * msec, P90: 5_500 * msec, P99: 7_100 * msec, Max: 9_000 * msec}},
		{Name: "admission", Quantiles: report.Quantiles{N: 1000}},
		{Name: "failed", Total: 1304.2, Share: 1304.2 / 4211.5, Quantiles: report.Quantiles{N: 1000, P50: 901 * msec, P90: 2_100 * msec, P99: 5_000 * msec, Max: 9_911 * msec}},
	}, Slowest: []report.Outage{{Client: 17, Fault: "cut", Lost: 11_011 * msec, Back: -1, Whole: 14_319 * msec, Attempts: 9, Parts: map[string]int64{"detect": 8 * msec, "backoff": 9_400 * msec, "failed": 4_911 * msec}, Strip: []report.Stretch{
		{From: 11_003 * msec, What: "detect"}, {From: 11_011 * msec, What: "backoff", Cause: "reset"}, {From: 12 * secs, What: "failed"}, {From: 16_911 * msec, What: "backoff", Cause: "status"}, {From: 20 * secs},
	}}}}
	s.Dip = &report.Dip{Base: 2000, N: 5, Band: 0.95, Depth: 1, Width: 8 * secs, Area: 5.25, Overshoot: 0.4, Slope: 0.2, Back: 9 * secs, Last: 0.99, Kept: 0.65}
	s.Metrics["recovery.efficiency"], s.Recovery.Floor = 0.21, 1_974*msec
	s.Metastable = &report.Metastable{State: "too early", Why: "not recovered 15 s after the last fault; 30 s are needed to tell", Waited: 15 * secs, Needed: 30 * secs}
	s.Balance = &report.Balance{Endpoints: []report.EndpointRow{{Name: "blue", Before: 500, After: 197, Attempts: 5003, Failed: 4700}, {Name: "green", Before: 500, After: 800, Attempts: 1200, Failed: 506}}, Before: 0.5, After: 800. / 997, Shift: 800./997 - 0.5, N: 997}
	s.Metrics["latency.p99"], s.Samples = 9.1, map[string]int64{"latency.p99": 120}
	s.Latency[5].P999, s.Latency[5].Max = -1, -1 // among the lost
	s.Latency[4].P999, s.Latency[4].Max = -1, -1
	s.Recovery.Client.Max = -1
	s.Unbounded = []string{"recovery.t100"}
	s.Gates = append(s.Gates, report.GateResult{Text: "recovery.t100 < 10s", Metric: "recovery.t100", Unit: "s", Unbounded: true, Limit: 10, Verdict: "fail", Why: "3 clients never healed"})
	s.Targets[0] = report.Target{Name: "blue", Live: 997, Upgraded: 1997, Rejected: 5190, Stale: 4, Messages: 52214}
	fill(s, func(t float64) float64 { return min(0.997, 0.2*math.Floor(t+1)*0.55+t*0.03) })
	for i := range s.Timeline.Attempts {
		if at := int64(i) * s.Timeline.Step; at >= 11*secs && (at/msec)%1000 == 0 {
			s.Timeline.Attempts[i] = max(3, 1000-int(at/secs-11)*110)
			s.Timeline.Failed[i] = max(3, s.Timeline.Attempts[i]-200)
		}
	}
	return s
}

// inconclusiveSample is a partition that touched nobody.
func inconclusiveSample() *report.Summary {
	s := passSample()
	s.Verdict = report.Inconclusive
	s.Reasons = []string{"fault split had no effect: in force for 4.000 s, but 0 of 0 clients were touched (share 0 %)", "gate recovery.t99 < 8s has no data: no client lost its connection"}
	s.Run.Scenario, s.Run.Command = "partition", "wsheal run partition --set faults.split.share=0%"
	s.Faults = []report.FaultResult{{
		Intended:  report.Intended{Name: "split", Kind: "partition", On: "blue", Share: 0, At: 11 * secs, For: 4 * secs, Detail: "both directions"},
		Commanded: 11*secs + 1*msec, Confirmed: 11*secs + 2*msec, Cleared: 15*secs + 3*msec,
		State: "no effect", Why: "in force for 4.000 s, but 0 of 0 clients were touched",
	}}
	s.Gates[0] = report.GateResult{Text: "recovery.t99 < 8s", Metric: "recovery.t99", Unit: "s", Limit: 8, Verdict: "no data", Why: "no client lost its connection"}
	s.Gates[1].Value = 0
	s.Recovery = report.Recovery{Zero: "confirmed", Baseline: 1000}
	s.Storm, s.Causes = report.Storm{}, nil
	fill(s, func(float64) float64 { return 1 })
	s.Recovery.Curve = nil
	return s
}

// invalidSample is a run that starved its own load generator.
func invalidSample() *report.Summary {
	s := passSample()
	s.Verdict = report.Invalid
	s.Reasons = []string{"the harness was starved of CPU: a 10 ms ticker was 412 ms late at its p99, the limit is 50 ms"}
	s.Warnings = []string{"sends on usable connections were up to 1.204 s late", "the machine gave 31 % of its CPU time to others"}
	s.Harness[0].CPU, s.Harness[0].TickP99, s.Harness[0].LateP99, s.Harness[0].TimerP99 = 1.98, 412*msec, 388*msec, 399*msec
	return s
}

// cutoffSample is a run that was killed in the middle of its chaos: two faults that
// overlap, neither cleared.
func cutoffSample() *report.Summary {
	s := passSample()
	s.Verdict = report.Inconclusive
	s.Ended = report.End{Reason: "cut off"}
	s.Duration = 14*secs + 300*msec
	s.Reasons = []string{"the journal ends at 14.3 s of 26 s: the run was cut off", "fault cut was not cleared"}
	s.Warnings = []string{"journal line 20412 is not JSON: unexpected end of input; it was left out"}
	s.Faults[0].Cleared, s.Faults[0].State, s.Faults[0].Why = 0, "not cleared", "still in force when the journal ends"
	s.Faults[0].Kind = "partition"
	s.Faults = append(s.Faults, report.FaultResult{
		Intended:  report.Intended{Name: "slow", Kind: "latency", On: "blue", Share: 0.3, At: 12 * secs, For: 4 * secs, Cohort: 297, Detail: "100 ms ± 20 ms"},
		Commanded: 12 * secs, Confirmed: 12*secs + 300*msec, State: "not cleared", Why: "still in force when the journal ends",
		Shift: new(100 * msec), ControlShift: new(int64(-12_000)),
	}, report.FaultResult{
		Intended: report.Intended{Name: "late", Kind: "reset", On: "blue", Share: 1, At: 20 * secs, Cohort: 1000},
		State:    "unverifiable", Why: "never commanded",
	})
	s.Gates[0] = report.GateResult{Text: "recovery.t99 < 8s", Metric: "recovery.t99", Unit: "s", Limit: 8, Verdict: "no data", Why: "99 % were not back when the journal ends"}
	s.Recovery.Healed, s.Recovery.Unhealed = 643, 357
	s.Recovery.Confirmed.T90, s.Recovery.Confirmed.T99, s.Recovery.Confirmed.T100 = -1, -1, -1
	s.Faults[0].Fleet = s.Recovery.Confirmed
	s.Recovery.Commanded.T90, s.Recovery.Commanded.T99, s.Recovery.Commanded.T100 = -1, -1, -1
	s.Recovery.Held = false
	s.Recovery.Cleared = report.Marks{}
	s.Latency = append(s.Latency[:6:6], report.LatencyRow{Phase: "chaos", Cohort: "control", Kind: "response", N: 600, P50: 311_000, P90: 640_000, P99: 2 * msec, P999: 3 * msec, Max: 3 * msec},
		report.LatencyRow{Phase: "chaos", Cohort: "faulted", Kind: "response", N: 1400, P50: 2_311 * msec, P90: 4_640 * msec, P99: 4_900 * msec, P999: 4_990 * msec, Max: 5_003 * msec})
	n := int(s.Duration / s.Timeline.Step)
	s.Timeline.Usable, s.Timeline.Attempts, s.Timeline.Failed = s.Timeline.Usable[:n], s.Timeline.Attempts[:n], s.Timeline.Failed[:n]
	n = int(s.Duration / s.Timeline.AckedStep)
	s.Timeline.Acked, s.Timeline.P99 = s.Timeline.Acked[:n], s.Timeline.P99[:n]
	s.Recovery.Curve = s.Recovery.Curve[:32]
	return s
}

// quietSample has no load, no faults and no gates.
func quietSample() *report.Summary {
	s := passSample()
	s.Run.Scenario, s.Run.Rate, s.Run.Guarantee, s.Run.Gates, s.Run.Command = "steady", 0, "", nil, ""
	s.Faults, s.Gates, s.Latency, s.Messages, s.Lost, s.Causes, s.Steady = nil, nil, nil, nil, nil, nil, nil
	s.Recovery, s.Storm = report.Recovery{Zero: "confirmed", Baseline: 1000}, report.Storm{}
	for i := range s.Timeline.P99 {
		s.Timeline.P99[i], s.Timeline.Acked[i] = -1, 0
	}
	return s
}

// hostileSample has names that try to break out of a terminal and of a page.
func hostileSample() *report.Summary {
	const evil = "</script><img src=x onerror=alert(1)>\x1b[31m\x1b]0;owned\a\u202Egnp.\x00{{.}}"
	s := passSample()
	s.Run.Scenario, s.Run.About, s.Run.Policy, s.Run.Host, s.Run.Command = evil, evil, evil, evil, evil
	s.Run.Plan[0].Name = evil
	s.Run.Plan[2].Name = strings.Repeat("long ", 60)
	s.Reasons, s.Warnings = []string{evil}, []string{evil + strings.Repeat("w", 300)}
	s.Faults[0].Name, s.Faults[0].Kind, s.Faults[0].On, s.Faults[0].Why, s.Faults[0].State = evil, evil, evil, evil, evil
	s.Gates[0].Text, s.Gates[0].Why, s.Gates[0].Verdict, s.Gates[0].Unit = evil, evil, evil, evil
	s.Gates[1].Value, s.Gates[1].Limit = math.NaN(), math.Inf(1)
	s.Causes[0].Cause, s.Harness[0].Process, s.Targets[0].Name = evil, evil, evil
	s.Latency[0].Phase, s.Latency[1].Cohort, s.Latency[2].Kind = evil, evil, "response"
	s.Messages[evil] = report.LoadCount{Intended: math.MaxInt64, Acked: -1}
	s.Metrics[evil] = math.NaN()
	s.Verdict = report.Verdict(evil)
	s.Heat[0].Kind, s.Raster.Outcome, s.Events[0] = evil, "n<>", report.Event{T: math.MaxInt64, Kind: evil, Text: evil}
	s.Recovery.Outages = &report.Outages{N: 1, Total: 3, Parts: []report.Part{{Name: evil, Total: 3, Share: 1}}, Slowest: []report.Outage{
		{Client: -1, Fault: evil, Whole: 5, Parts: map[string]int64{evil: 5}, Strip: []report.Stretch{{From: 9, What: evil, Cause: evil}}},
	}}
	return s
}

// manySample has more of everything than fits on a screen.
func manySample() *report.Summary {
	s := failSample()
	for i := range 30 {
		g := s.Gates[i%3]
		g.Text += strings.Repeat(" ", i%2)
		s.Gates = append(s.Gates, g)
		f := s.Faults[0]
		f.Name, f.At = "cut"+string(rune('a'+i%26)), f.At+int64(i)*100*msec
		f.Commanded, f.Confirmed, f.Cleared = f.Commanded+int64(i)*100*msec, f.Confirmed+int64(i)*100*msec, f.Cleared+int64(i)*100*msec+500*msec
		s.Faults = append(s.Faults, f)
		s.Reasons = append(s.Reasons, "yet another reason, which is long enough that it has to be broken into two lines on a terminal of usual width")
		s.Warnings = append(s.Warnings, "yet another warning")
		s.Causes = append(s.Causes, s.Causes[i%3])
		s.Harness = append(s.Harness, s.Harness[i%3])
		s.Targets = append(s.Targets, s.Targets[0])
		s.Latency = append(s.Latency, s.Latency[i%8])
	}
	return s
}

// fill draws the timeline and the curve of a run whose clients are lost at 11 s and of
// whom share(t) are back t seconds later.
func fill(s *report.Summary, share func(t float64) float64) {
	const step = 100 * msec
	n := int(26 * secs / step)
	tl := report.Timeline{Step: step, AckedStep: secs, Usable: make([]int, n), Attempts: make([]int, n), Failed: make([]int, n)}
	s.Recovery.Curve = nil
	last := int(1000 * math.Floor(min(1, share(0)))) // nobody is lost when all are back at once
	for i := range n {
		at := float64(i+1) / 10
		switch {
		case at <= 4:
			tl.Usable[i], tl.Attempts[i] = int(at*250), 25
		case at <= 11:
			tl.Usable[i] = 1000
		default:
			back := int(1000 * min(1, max(0, share(at-11))))
			wobble := i * 7 % 5
			if back > last {
				tl.Attempts[i] = back - last + wobble
				s.Recovery.Curve = append(s.Recovery.Curve, report.Point{T: int64(i+1)*step - 11*secs, V: float64(back) / 1000})
			}
			tl.Usable[i], last = back, back
		}
	}
	for i := range 26 {
		acked, p99 := 2000.0, 2*msec+int64(i*37%11)*100_000
		if i >= 11 {
			u := float64(tl.Usable[min(n-1, i*10+5)]) / 1000
			acked = 2000 * u
			if u < 1 {
				p99 = int64((1-u)*4000)*msec + 3*msec
			}
		}
		tl.Acked, tl.P99 = append(tl.Acked, acked), append(tl.P99, p99)
	}
	s.Timeline = tl
}
