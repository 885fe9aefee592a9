package serve_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/report/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served is a server on a real socket, which is left at the end of the test.
func served(t *testing.T) *serve.Server {
	t.Helper()
	s, err := serve.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() {
		leave(t, s)
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func leave(t *testing.T, s *serve.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(t, s.Leave(ctx))
	require.NoError(t, ctx.Err(), "it waited for somebody in vain")
}

// a run in the middle of its recovery.
func state() live.State {
	s := live.State{
		Plan: live.Plan{
			Scenario: "storm", Policy: "default", Clients: 1000, Rate: 2000, Hold: 3 * time.Second,
			Phases: []live.Phase{{Name: "baseline", To: 10 * time.Second}, {Name: "recovery", From: 10 * time.Second, To: 20 * time.Second}},
			Faults: []live.Fault{{Name: "cut", Kind: "reset", Share: 1, At: 10 * time.Second, Commanded: 10 * time.Second, Confirmed: 11 * time.Second}},
		},
		Now: 12 * time.Second, Phase: "recovery", Usable: 400, Attempts: 210, Peak: 250, Answers: 800, Dialed: 1420, Answered: 20800,
		Watches: [4]live.Watch{{Name: "t50", Level: 0.5, State: live.Running, Value: time.Second}, {Name: "t90", Level: 0.9}, {Name: "t99", Level: 0.99}, {Name: "t100", Level: 1}},
		Events:  []live.Event{{At: 11 * time.Second, Text: "fault cut (reset 100 %) confirmed +1 s"}},
	}
	s.History.Part = s.Total() / time.Duration(len(s.History.Covered))
	for i := range 144 {
		s.History.Covered[i], s.History.Usable[i], s.History.Attempts[i], s.History.Answers[i] = s.History.Part, 1000, 3, 160
	}
	return s
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestPageWhileTheRunGoesOn(t *testing.T) {
	s := served(t)
	_, before := get(t, s.URL())
	assert.Contains(t, before, "The run has not begun")

	s.Draw(state())
	resp, page := get(t, s.URL())
	page = html.UnescapeString(page)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", resp.Header.Get("Content-Security-Policy"))
	for _, want := range []string{
		"12.0 s of 20 s, policy default, phase recovery", "<b>400</b> of 1,000, 40 %", "<b>210/s</b> peak 250/s, 1,420 so far", "<b>800/s</b> of 2,000/s intended, 20,800 so far",
		`<th scope="row">t50</th><td>50 %</td><td>1.0 s</td><td>runs</td>`, `<th scope="row">cut</th><td>reset</td><td>100 %</td><td>10.0 s</td><td>10.0 s</td><td>11.0 s</td><td>–</td><td>confirmed</td>`,
		"fault cut (reset 100 %) confirmed +1 s", `<noscript><meta http-equiv="refresh" content="2"></noscript>`,
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<script>", "the policy forbids inline scripts")
	assert.NotContains(t, page, "<style", "and inline styles")
	assert.NotContains(t, page, "style=")

	for path, kind := range map[string]string{"live.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"} {
		resp, body := get(t, s.URL()+path)
		assert.Equal(t, kind, resp.Header.Get("Content-Type"))
		assert.NotEmpty(t, body)
	}
}

func TestNamesAreInert(t *testing.T) {
	s := served(t)
	st := state()
	const evil = `<script>alert(1)</script>" onload="x` + "\x1b[2J\u202e"
	st.Scenario, st.Policy, st.Phase, st.Phases[0].Name = evil, evil, evil, evil
	st.Faults[0].Name, st.Faults[0].Kind, st.Faults[0].Failed = evil, evil, evil
	st.Health, st.HealthText = live.Unfit, evil
	st.Events[0].Text = evil
	s.Draw(st)
	_, page := get(t, s.URL())
	assert.NotContains(t, page, "<script>a")
	assert.NotContains(t, page, `" onload="`)
	assert.NotContains(t, page, "\x1b")
	assert.NotContains(t, page, "\u202e")
	_, text := get(t, s.URL()+"metrics")
	parsed(t, text)
}

func parsed(t *testing.T, text string) map[string]float64 {
	t.Helper()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err, text)
	out := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			key := name
			for _, l := range m.Label {
				if n := l.GetName(); n != "scenario" && n != "policy" {
					key += " " + l.GetValue()
				}
			}
			out[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	s := served(t)
	resp, text := get(t, s.URL()+"metrics")
	assert.Equal(t, http.StatusOK, resp.StatusCode, "a run that has not begun has no metrics")
	assert.Empty(t, text)

	s.Draw(state())
	resp, text = get(t, s.URL()+"metrics")
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", resp.Header.Get("Content-Type"))
	assert.Equal(t, map[string]float64{
		"wsheal_live_running": 1, "wsheal_live_elapsed_seconds": 12, "wsheal_live_planned_seconds": 20,
		"wsheal_live_clients": 1000, "wsheal_live_clients_usable": 400, "wsheal_live_messages_intended_per_second": 2000,
		"wsheal_live_dials_total": 1420, "wsheal_live_answers_total": 20800, "wsheal_live_harness_unfit": 0,
		"wsheal_live_phase baseline": 0, "wsheal_live_phase recovery": 1,
		"wsheal_live_fault cut reset planned": 0, "wsheal_live_fault cut reset commanded": 0, "wsheal_live_fault cut reset confirmed": 1,
		"wsheal_live_fault cut reset cleared": 0, "wsheal_live_fault cut reset failed": 0,
		"wsheal_live_recovery_seconds t50": 1, "wsheal_live_recovery_held t50": 0,
	}, parsed(t, text))

	s.Close(state())
	s.Finish(serve.Final{Metrics: []byte("wsheal_verdict{verdict=\"pass\"} 1\n")})
	_, text = get(t, s.URL()+"metrics")
	values := parsed(t, text)
	assert.Zero(t, values["wsheal_live_running"])
	assert.Contains(t, text, "wsheal_verdict{verdict=\"pass\"} 1")
}

// Two faults of one name would make the metrics unreadable.
func TestMetricsOfEqualNames(t *testing.T) {
	s := served(t)
	st := state()
	for range 300 {
		st.Faults = append(st.Faults, st.Faults[0])
		st.Phases = append(st.Phases, st.Phases[0])
	}
	s.Draw(st)
	resp, text := get(t, s.URL()+"metrics")
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	parsed(t, text)
	_, page := get(t, s.URL())
	assert.Contains(t, page, "and 201 faults more")
}

// events reads server-sent events.
type events struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (e events) next() (name, data string) {
	e.t.Helper()
	for e.lines.Scan() {
		line := e.lines.Text()
		switch {
		case line == "" && name != "":
			return name, data
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		default:
			require.True(e.t, strings.HasPrefix(line, "data: "), "%q", line)
			data += line[len("data: "):] + "\n"
		}
	}
	return "", ""
}

func watch(t *testing.T, s *serve.Server) events {
	t.Helper()
	resp, err := http.Get(s.URL() + "events")
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return events{t, lines}
}

func TestEventsUntilTheReportIsThere(t *testing.T) {
	s := served(t)
	stream := watch(t, s)
	name, data := stream.next()
	assert.Equal(t, "state", name)
	assert.Contains(t, data, "has not begun")

	s.Draw(state())
	_, data = stream.next()
	assert.Contains(t, data, "<b>400</b> of 1,000")
	last := state()
	last.Usable = 1000
	s.Close(last)
	_, data = stream.next()
	assert.Contains(t, data, "<b>1,000</b> of 1,000")
	assert.Contains(t, data, "The run is over")

	s.Finish(serve.Final{Page: []byte("the report")})
	name, _ = stream.next()
	assert.Equal(t, "state", name)
	name, _ = stream.next()
	assert.Equal(t, "end", name)
	name, _ = stream.next()
	assert.Empty(t, name, "nothing follows")

	for _, path := range []string{"", "report"} {
		resp, page := get(t, s.URL()+path)
		assert.Equal(t, "the report", page)
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	}
}

// The server waits for the pages that are open, each of which fetches the report once.
func TestLeaveWaitsForOpenPages(t *testing.T) {
	s, err := serve.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	stream := watch(t, s)
	stream.next()
	s.Finish(serve.Final{Page: []byte("the report")})
	left := make(chan struct{})
	go func() {
		defer close(left)
		leave(t, s)
	}()
	for name := "state"; name != "end"; {
		name, _ = stream.next()
	}
	select {
	case <-left:
		require.Fail(t, "nobody has the report yet")
	default:
	}
	_, page := get(t, s.URL())
	assert.Equal(t, "the report", page)
	<-left
	_, err = net.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL(), "http:"), "/"))
	assert.Error(t, err, "nobody listens any more")
}

// Of a run that never began nobody waits for a report.
func TestLeaveWithoutAReport(t *testing.T) {
	s, err := serve.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	stream := watch(t, s)
	stream.next()
	leave(t, s)
	name, _ := stream.next()
	assert.Empty(t, name)
}

// One who opens more pages than there is room for is told so, and the others stay.
func TestWatchersAreBounded(t *testing.T) {
	s := served(t)
	for range 32 {
		watch(t, s).next()
	}
	resp, _ := get(t, s.URL()+"events")
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.Equal(t, "5", resp.Header.Get("Retry-After"))
}

// The report of what is recorded so far is made when it is asked for.
func TestReportSoFar(t *testing.T) {
	s := served(t)
	resp, _ := get(t, s.URL()+"report")
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	made := 0
	s.Record(func(w io.Writer) error {
		made++
		_, err := fmt.Fprintf(w, "report %d", made)
		return err
	})
	assert.Zero(t, made)
	_, first := get(t, s.URL()+"report")
	assert.Equal(t, "report 1", first)

	other := served(t)
	other.Record(func(io.Writer) error { return errors.New("no journal") })
	resp, body := get(t, other.URL()+"report")
	assert.Equal(t, http.StatusInternalServerError, resp.StatusCode)
	assert.Equal(t, "no journal\n", body)
}

// What is served to this machine is not served to a page of somewhere else whose name was
// made to lead here.
func TestOnlyRequestsForThisMachine(t *testing.T) {
	s := served(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:80": 200, "127.0.0.1:1": 200, "[::1]:99": 200, "wsheal.localhost": 200,
		"example.com": 403, "example.com:80": 403, "192.0.2.1": 403, "localhost.example.com": 403, "127.0.0.1.example.com": 403,
	} {
		req, err := http.NewRequest(http.MethodGet, s.URL(), nil)
		require.NoError(t, err)
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, host)
	}
	resp, err := http.Post(s.URL(), "text/plain", nil)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	resp, _ = get(t, s.URL()+"nothing")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestAddress(t *testing.T) {
	for asked, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1:0", ":8080": "127.0.0.1:8080", "[::1]:0": "[::1]:0", "0.0.0.0:80": "0.0.0.0:80", "localhost:0": "localhost:0",
	} {
		got, err := serve.Address(asked)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, asked := range []string{"8080", "127.0.0.1", "", "localhost:", "::1"} {
		_, err := serve.Address(asked)
		assert.EqualError(t, err, fmt.Sprintf("serve %q: expected an address and a port, as in 127.0.0.1:0", asked))
	}
	_, err := serve.Listen("127.0.0.1:99999")
	assert.ErrorContains(t, err, "serve the run: listen tcp")
}
