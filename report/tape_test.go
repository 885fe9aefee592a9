package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

const (
	ms  = int64(time.Millisecond)
	sec = int64(time.Second)
)

// tape writes the two raw files of a run by hand: what a test knows of the run, it wrote.
type tape struct {
	t       *testing.T
	journal bytes.Buffer
	hlog    bytes.Buffer
	jw      *report.Writer
	hw      *report.HlogWriter
	gen     map[int]uint32
	phase   map[int]string
	ordered bool // the load counts what came out of order
}

func newTape(t *testing.T, run report.Run) *tape {
	run.Schema = report.Schema
	run.Version, run.Host, run.Started = "test", "nowhere", "2026-01-02T03:04:05Z"
	p := &tape{t: t, gen: map[int]uint32{}, phase: map[int]string{}}
	p.jw = report.NewWriter(&p.journal)
	p.hw = report.NewHlogWriter(&p.hlog, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	p.write(report.Record{Run: &run})
	return p
}

func (p *tape) write(r report.Record) {
	require.NoError(p.t, p.jw.Write(r))
	require.NoError(p.t, p.jw.Flush())
}

func (p *tape) raw(line string) { p.journal.WriteString(line) }

func (p *tape) begin(at int64, phase string) {
	p.write(report.Record{T: at, Phase: &report.Phase{Name: phase}})
}

func (p *tape) end(at int64) {
	p.write(report.Record{T: at, End: &report.End{Reason: "complete"}})
}

// step moves a client to a phase; a move to "dialing" orders a dial.
func (p *tape) step(at int64, client int, event, to string, more func(*report.Step)) {
	from := p.phase[client]
	if from == "" {
		from = "idle"
	}
	s := report.Step{Client: client, Event: event, From: from, To: to}
	if to == "dialing" {
		p.gen[client]++
		s.Actions = []report.Action{{Kind: "dial", Gen: p.gen[client]}, {Kind: "arm", Timer: 1, At: at + sec}}
	}
	s.Gen, s.EventGen = p.gen[client], p.gen[client]
	if more != nil {
		more(&s)
	}
	p.phase[client] = to
	p.write(report.Record{T: at, Step: &s})
}

// up brings a client from nothing to usable, 30 ms after it dials.
func (p *tape) up(at int64, client int, event string, more func(*report.Step)) {
	p.step(at, client, event, "dialing", more)
	p.step(at+20*ms, client, "opened", "proving", nil)
	p.step(at+30*ms, client, "proved", "ready", nil)
}

func (p *tape) lose(at int64, client int, cause string) {
	p.step(at, client, "lost", "waiting", func(s *report.Step) { s.Cause = cause })
}

func (p *tape) fail(at int64, client int, cause, to string) {
	p.step(at, client, "failed", to, func(s *report.Step) { s.Cause = cause })
}

func (p *tape) edge(at int64, fault, edge string) {
	p.write(report.Record{T: at, Fault: &report.Fault{Name: fault, Edge: edge}})
}

func (p *tape) evidence(at int64, fault, state, why string) {
	p.write(report.Record{T: at, Fault: &report.Fault{Name: fault, Edge: "evidence", State: state, Why: why}})
}

// load writes the load of the second that ends at the given one.
func (p *tape) load(second int64, phases map[string]report.LoadCount, more func(*report.Load)) {
	l := report.Load{From: (second - 1) * sec, Phases: phases, OnUsable: 100, Ordered: p.ordered}
	if more != nil {
		more(&l)
	}
	p.write(report.Record{T: second * sec, Load: &l})
}

// many is n equal latencies of one series.
type many struct {
	series string // "response.baseline.faulted"
	n      int
	ns     int64
}

// latencies writes the interval lines of the second that ends at the given one.
func (p *tape) latencies(second int64, all ...many) {
	l := report.NewLatency()
	for _, m := range all {
		parts := bytes.Split([]byte(m.series), []byte("."))
		for range m.n {
			l.Record(string(parts[0]), string(parts[1]), string(parts[2]), m.ns)
		}
	}
	require.NoError(p.t, l.Flush(p.hw, (second-1)*sec, second*sec))
}

func (p *tape) build() *report.Summary {
	s, err := report.Build(bytes.NewReader(p.journal.Bytes()), bytes.NewReader(p.hlog.Bytes()))
	require.NoError(p.t, err)
	return s
}

// keep compares the tape with the files of the same name in testdata/journals, which
// -update writes anew, and returns the summary that is built from those files. The log's
// intervals are compared and not its bytes: how well zlib compresses is the Go version's
// affair.
func (p *tape) keep(name string) *report.Summary {
	dir := filepath.Join("..", "testdata", "journals", name)
	journal := p.file(dir, "journal.ndjson", p.journal.Bytes())
	require.Equal(p.t, p.journal.String(), string(journal), "%s: go test ./report -update writes it anew", dir)
	hlog := p.file(dir, "latency.hlog", p.hlog.Bytes())
	require.Equal(p.t, intervals(p.t, p.hlog.Bytes()), intervals(p.t, hlog), "%s: go test ./report -update writes it anew", dir)
	s, err := report.Build(bytes.NewReader(journal), bytes.NewReader(hlog))
	require.NoError(p.t, err)
	var out bytes.Buffer
	require.NoError(p.t, report.WriteJSON(&out, s))
	require.Equal(p.t, out.String(), string(p.file(dir, "summary.json", out.Bytes())), "%s: go test ./report -update writes it anew; read the diff", dir)
	return s
}

// file writes a file with -update and returns what it then has.
func (p *tape) file(dir, name string, text []byte) []byte {
	path := filepath.Join(dir, name)
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(p.t, os.MkdirAll(dir, 0o755))
		require.NoError(p.t, os.WriteFile(path, text, 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(p.t, err, "go test ./report -update writes it")
	return got
}

// intervals is what a log has, its histograms as their bars.
func intervals(t *testing.T, hlog []byte) []string {
	r := report.NewHlogReader(bytes.NewReader(hlog))
	var out []string
	for r.Scan() {
		iv := r.Interval()
		out = append(out, fmt.Sprint(iv.Tag, iv.From, iv.To, iv.Max, iv.Hist.Distribution()))
	}
	require.NoError(t, r.Err())
	require.Empty(t, r.Warnings())
	return out
}
