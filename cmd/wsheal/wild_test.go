package main

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

var wild = flag.Bool("wild", false, "hold the presets of reconnecting-websocket and socket.io against their originals, in about 4 minutes (make wild)")

// others are clients and servers of npm, and what is known of their first delay.
var others = []struct {
	client, server string        // the preset has the client's name
	least          time.Duration // after a loss, before the first attempt
	clients        int           // that one process of node has loaded in half a minute
}{
	{"reconnecting-websocket", "ws", time.Second, 1000},
	{"socket.io", "socket.io", 500 * time.Millisecond, 500},
}

// TestForeignClients has real clients of npm, which the run knows from the wire alone. It
// needs node, and the packages where node looks for them (NODE_PATH).
func TestForeignClients(t *testing.T) {
	t.Parallel()
	needOthers(t)
	for _, o := range others {
		t.Run(o.client, func(t *testing.T) {
			t.Parallel()
			const clients = 8
			dir := wildRun(t, o.server, fmt.Sprintf("{count: %d, command: [node, %q, %s]}", clients, foreignScript(t, "clients.js"), o.client),
				"{warmup: 5s, baseline: 500ms, chaos: 500ms, recovery: 8s}", "[{name: cut, inject: reset, share: 50%}]")
			s := readSummary(t, dir)
			assert.Equal(t, "complete", s.Ended.Reason, s.Ended.Why)
			assert.Equal(t, report.FromWire, s.Run.Seen)
			require.Len(t, s.Faults, 1)
			assert.Equal(t, "confirmed", s.Faults[0].State, s.Faults[0].Why)
			lost := s.Run.Faults[0].Cohort
			assert.Equal(t, lost, s.Recovery.Lost, "the cohort, by the identity that its clients bring")
			assert.Equal(t, lost, s.Recovery.Healed)
			require.NotNil(t, s.Views)
			assert.EqualValues(t, clients+lost, s.Views.Connections)
			assert.EqualValues(t, clients+lost, s.Views.Opened)
			assert.EqualValues(t, clients, s.Views.Unended)
			assert.Zero(t, s.Views.Guessed+s.Views.Strange)
			assert.Nil(t, s.Views.Agreement, "there is no other view")
			assert.Empty(t, s.Latency, "what cannot be seen is not reported as 0")
			assert.NotContains(t, s.Metrics, "messages.lost")
			first, _ := attempts(t, dir)
			require.Len(t, first, lost)
			const early = 10 * time.Millisecond // that node's timers may be, being of whole ms
			assert.GreaterOrEqual(t, time.Duration(first[0]), o.least-early)
		})
	}
}

// TestPresetsAgreeWithTheirOriginals: a preset in our pool dials when the real client does,
// by the wire's view of both: Kolmogorov's distance is at most 0.1 over 1,000 attempts each,
// and so is that of the first delays, of the second, and so on, where there are as many.
func TestPresetsAgreeWithTheirOriginals(t *testing.T) {
	if !*wild {
		t.Skip("-wild is not given: it takes 4 minutes and a quiet machine")
	}
	needOthers(t)
	// One process of node has all clients. It takes a while to load so many instances, and to
	// notice so many losses at once, which one client a page has not: so they are lost in 4 s.
	const phases = "{warmup: %s, baseline: 1s, chaos: 14s, recovery: 8s}"
	const faults = "[{name: cut, inject: reset, connections: existing, ramp: 4s}, {name: shut, inject: upgrade_reject, by: proxy, for: 14s, status: 503}]"
	const many = 1000
	for _, o := range others {
		t.Run(o.client, func(t *testing.T) {
			real, realDelays := attempts(t, wildRun(t, o.server, fmt.Sprintf("{count: %d, command: [node, %q, %s]}", o.clients, foreignScript(t, "clients.js"), o.client), fmt.Sprintf(phases, "30s"), faults))
			ours, ourDelays := attempts(t, wildRun(t, "ws", fmt.Sprintf("{count: %d, policy: %s}", o.clients, o.client), fmt.Sprintf(phases, "12s"), faults))
			d := kolmogorov(real, ours)
			t.Logf("%s: %d attempts of the original, %d of the preset, Kolmogorov distance %.3f", o.client, len(real), len(ours), d)
			assert.GreaterOrEqual(t, min(len(real), len(ours)), many)
			assert.LessOrEqual(t, d, 0.1)
			for k := range min(len(realDelays), len(ourDelays)) {
				a, b := realDelays[k], ourDelays[k]
				d := kolmogorov(a, b)
				t.Logf("delay %d: %d, %v at the median; %d, %v; Kolmogorov distance %.3f", k+1, len(a), median(a), len(b), median(b), d)
				if min(len(a), len(b)) >= many {
					assert.LessOrEqual(t, d, 0.1, "delay %d", k+1)
				}
			}
		})
	}
}

func median(sorted []int64) time.Duration {
	return time.Duration(sorted[len(sorted)/2]).Round(time.Millisecond)
}

// TestBothViewsOfAPool: what the pool says of its connections and what the proxy saw of them
// is the same, client by client, over losses and attempts that are turned away.
func TestBothViewsOfAPool(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	out, err := wsheal(t, "run", "steady", "-q", "--out", dir, "--set", "clients={count: 30, ramp: 300ms, policy: {base: default, first: at-once, backoff: {base: 100ms, cap: 200ms}}}",
		"--set", "load.rate=60/s", "--set", "hold=200ms", "--set", "phases={warmup: 1s, baseline: 500ms, chaos: 500ms, recovery: 3s}",
		"--set", "steady_state=[]", "--set", "gates=[]",
		"--set", "faults=[{name: cut, inject: reset}, {name: shut, inject: upgrade_reject, by: proxy, at: chaos, for: 500ms, status: 503}]").CombinedOutput()
	s := readSummary(t, dir)
	require.NotNil(t, s.Views, "%s%v", out, err)
	a := s.Views.Agreement
	require.NotNil(t, a)
	assert.EqualValues(t, 30, a.Clients)
	assert.Equal(t, a.Clients, a.Agree, "%+v", a)
	assert.Equal(t, a.OpenedOwn, a.OpenedWire)
	assert.Greater(t, a.Dials, a.OpenedOwn, "attempts that were turned away are in it")
	assert.Zero(t, s.Views.Strange)
	if *wild { // else the machine may be busy
		assert.LessOrEqual(t, time.Duration(a.ApartP50), 5*time.Millisecond)
	}
}

func needOthers(t *testing.T) {
	t.Helper()
	if err := exec.Command("node", "-e", `for (const p of ["ws", "reconnecting-websocket", "socket.io", "socket.io-client"]) require(p)`).Run(); err != nil {
		t.Skip("node with ws, reconnecting-websocket, socket.io and socket.io-client is not installed here")
	}
}

func foreignScript(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../testdata/foreign/" + name)
	require.NoError(t, err)
	return path
}

// wildRun runs clients against a server of npm and returns the run's directory. A run in
// which not all of them were there in time, for the machine was busy, is made again.
func wildRun(t *testing.T, server, clients, phases, faults string) string {
	t.Helper()
	for range tries - 1 {
		if dir := wildRunOnce(t, server, clients, phases, faults); readSummary(t, dir).Ended.Reason != "unsteady" {
			return dir
		}
	}
	return wildRunOnce(t, server, clients, phases, faults)
}

func wildRunOnce(t *testing.T, server, clients, phases, faults string) string {
	t.Helper()
	addr := freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	path := map[string]string{"ws": "/", "socket.io": "/socket.io/?EIO=4&transport=websocket"}[server]
	file := filepath.Join(t.TempDir(), "wild.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `scenario: wild
targets: {blue: {command: [node, %q, %s, "%s"], url: "ws://%s%s"}}
clients: %s
load: {pattern: none}
steady_state: [clients.usable >= 100%%]
phases: %s
hold: 500ms
faults: %s
`, foreignScript(t, "server.js"), server, port, addr, path, clients, phases, faults), 0o644))
	dir := filepath.Join(t.TempDir(), "run")
	out, err := wsheal(t, "run", file, "-q", "--out", dir).CombinedOutput()
	_, stat := os.Stat(filepath.Join(dir, summaryFile))
	require.NoError(t, stat, "%s%v", out, err)
	return dir
}

// attempts are those of all clients after their loss: ns from when the wire saw that, sorted,
// and the delays before each client's first, its second and so on, from the end of the
// connection before it, sorted, too.
func attempts(t *testing.T, dir string) (after []int64, delays [][]int64) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, journalFile))
	require.NoError(t, err)
	defer f.Close()
	conns := map[int][]report.Conn{} // by client
	var cut int64
	r := report.NewReader(f)
	for r.Scan() {
		switch rec := r.Record(); {
		case rec.Conn != nil:
			conns[rec.Conn.Client] = append(conns[rec.Conn.Client], *rec.Conn)
		case rec.Fault != nil && rec.Fault.Edge == "commanded" && cut == 0:
			cut = rec.T
		}
	}
	require.NoError(t, r.Err())
	for _, all := range conns {
		slices.SortFunc(all, func(a, b report.Conn) int { return cmp.Compare(a.Accepted, b.Accepted) })
		last := slices.IndexFunc(all, func(c report.Conn) bool { return c.Accepted < cut && c.Ended >= cut && c.Opened > 0 })
		if last < 0 {
			continue
		}
		for k, c := range all[last+1:] {
			after = append(after, c.Accepted-all[last].Ended)
			if k == len(delays) {
				delays = append(delays, nil)
			}
			delays[k] = append(delays[k], c.Accepted-all[last+k].Ended)
		}
	}
	slices.Sort(after)
	for _, d := range delays {
		slices.Sort(d)
	}
	return after, delays
}

// kolmogorov is the largest distance between the distribution functions of two sorted samples.
func kolmogorov(a, b []int64) (d float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] <= x {
			i++
		}
		for j < len(b) && b[j] <= x {
			j++
		}
		d = max(d, max(float64(i)/float64(len(a))-float64(j)/float64(len(b)), float64(j)/float64(len(b))-float64(i)/float64(len(a))))
	}
	return d
}

func TestKolmogorov(t *testing.T) {
	assert.InDelta(t, 0, kolmogorov([]int64{1, 2, 2, 3}, []int64{1, 1, 2, 2, 2, 2, 3, 3}), 1e-12)
	assert.InDelta(t, 1, kolmogorov([]int64{1, 2}, []int64{3}), 1e-12)
	assert.InDelta(t, 0.5, kolmogorov([]int64{1, 3}, []int64{2, 3}), 1e-12)
}
