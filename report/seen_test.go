package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// foreignTape is a run of two clients that the proxy alone has seen.
//
//	fault        commanded and confirmed 5 s
//	client 0     reset at 5.1 s, turned away with 503 at 5.3 s, back at 6 s
//	client 1     told 1012 at 5.2 s, back at 5.9 s
func foreignTape(t *testing.T, conns ...report.Conn) *tape {
	p := newTape(t, report.Run{
		Scenario: "theirs", Policy: "its own", Clients: 2, Seen: report.FromWire, Hold: sec, Endpoints: []string{"blue"},
		Plan:   []report.Planned{{Name: "warmup", To: 2 * sec}, {Name: "baseline", From: 2 * sec, To: 5 * sec}, {Name: "chaos", From: 5 * sec, To: 12 * sec}},
		Faults: []report.Intended{{Name: "cut", Kind: "reset", On: "blue", Share: 1, At: 5 * sec, Cohort: 2}},
		Gates:  []string{"recovery.client.max < 1s", "detect.max < 1s", "messages.lost == 0"},
	})
	dials := func(at int64, client int) { p.step(at, client, "timer", "dialing", nil) }
	opens := func(at int64, client int) { p.step(at, client, "opened", "ready", nil) }
	p.begin(0, "warmup")
	for i := range 2 {
		dials(sec, i)
		opens(sec+ms, i)
	}
	p.begin(2*sec, "baseline")
	p.begin(5*sec, "chaos")
	p.edge(5*sec, "cut", "commanded")
	p.edge(5*sec, "cut", "confirmed")
	p.lose(5100*ms, 0, "reset")
	p.step(5200*ms, 1, "lost", "waiting", func(s *report.Step) { s.Cause, s.Code = "close", 1012 })
	dials(5300*ms, 0)
	p.step(5310*ms, 0, "failed", "waiting", func(s *report.Step) { s.Cause, s.Code = "status", 503 })
	dials(5890*ms, 1)
	opens(5900*ms, 1)
	dials(5990*ms, 0)
	opens(6*sec, 0)
	for _, c := range conns {
		p.write(report.Record{T: 11 * sec, Conn: &c})
	}
	p.write(report.Record{T: 11 * sec, Harness: &report.Harness{Process: "engine", CPU: 0.1, Cores: 2, TickP99: ms}})
	p.evidence(12*sec, "cut", "confirmed", "2 of 2 clients were hit")
	p.end(12 * sec)
	return p
}

func foreignConns() []report.Conn {
	return []report.Conn{
		{Target: "blue", Client: 0, Accepted: sec, Opened: sec + ms, Ended: 5100 * ms, Status: 101, By: "fault", Reset: true, Up: 3, Down: 2},
		{Target: "blue", Client: 1, Accepted: sec, Opened: sec + ms, Ended: 5200 * ms, Status: 101, By: "server", Code: 1012, Closer: "server"},
		{Target: "blue", Client: 0, Accepted: 5300 * ms, Ended: 5310 * ms, Status: 503, By: "server"},
		{Target: "blue", Client: 1, Accepted: 5890 * ms, Opened: 5900 * ms, Status: 101},
		{Target: "blue", Client: 0, Accepted: 5990 * ms, Opened: 6 * sec, Status: 101},
	}
}

// TestWhatTheWireDoesNotShow has no value, not 0, and a gate on it says what it would need.
func TestWhatTheWireDoesNotShow(t *testing.T) {
	s := foreignTape(t, foreignConns()...).build()
	for _, name := range []string{
		"detect.p50", "detect.max", "outage.detect.share", "outage.admission.share", "outage.prove.p50", "outage.stopped.share",
		"outage.tcp.share", "messages.lost", "avail.msg", "harness.timer_p99", "harness.late_p99",
	} {
		assert.NotContains(t, s.Metrics, name)
		assert.NotEmpty(t, report.Unseen(name), name)
	}
	for _, name := range []string{"recovery.client.max", "recovery.first_try.p50", "outage.backoff.share", "outage.failed.share", "outage.dial.share", "storm.amp", "avail.time", "clients.reset"} {
		assert.Contains(t, s.Metrics, name)
		assert.Empty(t, report.Unseen(name), name)
	}
	assert.Zero(t, s.Recovery.Detect.N)
	// 900 ms and 700 ms of outage, each from the end of the connection: 10 ms and 10 ms are
	// dials that did, 10 ms one that did not.
	assert.InDelta(t, 1.57, spent(t, s, "backoff"), 1e-9)
	assert.InDelta(t, 0.01, spent(t, s, "failed"), 1e-9)
	assert.InDelta(t, 0.02, spent(t, s, "dial"), 1e-9)
	assert.Equal(t, []report.CauseRow{
		{Event: "lost", Cause: "close", Code: 1012, Count: 1, Clients: 1},
		{Event: "lost", Cause: "reset", Count: 1, Clients: 1},
		{Event: "failed", Cause: "status", Code: 503, Count: 1, Clients: 1},
	}, s.Causes)
	require.Len(t, s.Gates, 3)
	for _, g := range s.Gates[1:] {
		assert.Equal(t, "it needs clients of the pool (no clients.command), as the wire does not show it of others", g.Why)
		assert.Equal(t, "no data", g.Verdict)
	}
}

func spent(t *testing.T, s *report.Summary, name string) float64 {
	t.Helper()
	for _, p := range s.Recovery.Outages.Parts {
		if p.Name == name {
			return p.Total
		}
	}
	require.Fail(t, "no such part", name)
	return 0
}

// TestSeenFromTheWireIsMarked in all that people read.
func TestSeenFromTheWireIsMarked(t *testing.T) {
	s := foreignTape(t, foreignConns()...).build()
	var text, page bytes.Buffer
	require.NoError(t, report.WriteText(&text, s, report.Style{Width: 100, Unicode: true}))
	assert.Contains(t, text.String(), "2 clients, seen from the wire, policy its own")
	assert.Contains(t, text.String(), "Wire       The clients are not wsheal's: all of this is seen from the wire.")
	assert.Contains(t, text.String(), "5 connections, 4 opened, 2 open at the end; 3 messages up, 2 down\n")
	assert.Contains(t, text.String(), "failed: status 503")
	assert.Contains(t, text.String(), "lost: close 1012")
	assert.NotContains(t, text.String(), "loss noticed")
	require.NoError(t, report.WriteHTML(&page, s))
	assert.Contains(t, page.String(), "<dt>Clients</dt><dd><bdi>2, seen from the wire</bdi></dd>")
	assert.Contains(t, page.String(), `<section aria-labelledby="h-wire"><h2 id="h-wire">Seen from the wire</h2>`)
	assert.Contains(t, page.String(), "The clients are not wsheal&#39;s: all of this is seen from the wire.")
	assert.Contains(t, page.String(), "<td>503</td>")
	assert.Contains(t, page.String(), "<td>1012, of the server</td>")
	assert.Contains(t, page.String(), "until the loss was noticed, and waiting as the client&#39;s policy says")
	assert.NotContains(t, page.String(), "its loss being noticed")
}

// TestNobodyOnTheWire: clients that never came are told as such.
func TestNobodyOnTheWire(t *testing.T) {
	p := newTape(t, report.Run{Clients: 2, Seen: report.FromWire})
	p.end(2 * sec)
	s := p.build()
	var text, page bytes.Buffer
	require.NoError(t, report.WriteText(&text, s, report.Style{Width: 200, Unicode: true}))
	assert.Contains(t, text.String(), "No client connected.")
	assert.Equal(t, []string{"no connection came from the clients' program: it must dial the URL that it is given, as {url} in its arguments or as WSHEAL_URL"}, s.Warnings)
	require.NoError(t, report.WriteHTML(&page, s))
	assert.Contains(t, page.String(), "No client connected.")
}

// TestNotAsManyAsTold: fewer clients than the program was told, and more.
func TestNotAsManyAsTold(t *testing.T) {
	warnings := func(clients int, conns ...report.Conn) []string {
		p := newTape(t, report.Run{Clients: clients, Seen: report.FromWire})
		for i := range 2 {
			p.step(sec, i, "start", "dialing", nil)
		}
		for _, c := range conns {
			p.write(report.Record{T: 2 * sec, Conn: &c})
		}
		p.end(3 * sec)
		return p.build().Warnings
	}
	assert.Empty(t, warnings(2))
	assert.Equal(t, []string{"2 of 5 clients ever connected: the program must have as many as it is told, as {count} or WSHEAL_COUNT, numbered from 0 where they say who they are"}, warnings(5))
	assert.Equal(t, []string{"connections of no client of the run: 1; the program has more than the 2 that it was told, or numbers that are not below that"}, warnings(2, report.Conn{Client: -1, Accepted: sec}))
}
