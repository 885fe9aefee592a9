package report_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// piece is a part of a run's files, as one of several machines would have left it.
type piece struct{ journal, hlog bytes.Buffer }

// merged joins pieces in the given order.
func merged(t *testing.T, pieces []*piece, order []int) (journal, hlog []byte) {
	t.Helper()
	var all []report.Piece
	for _, i := range order {
		all = append(all, report.Piece{Name: fmt.Sprint("m", i), Journal: bytes.NewReader(pieces[i].journal.Bytes()), Hlog: bytes.NewReader(pieces[i].hlog.Bytes())})
	}
	var j, h bytes.Buffer
	warnings, err := report.Merge(&j, &h, all...)
	require.NoError(t, err)
	require.Empty(t, warnings)
	return j.Bytes(), h.Bytes()
}

// part says how a run's records are spread over n machines: every client's steps on one,
// the counts of an interval shared out between all, everything else on any. The run, its
// phases and its end are told by all.
func part(t *testing.T, rng *rand.Rand, n int, journal, hlog []byte) []*piece {
	pieces := make([]*piece, n)
	writers := make([]*report.Writer, n)
	for i := range pieces {
		pieces[i] = new(piece)
		writers[i] = report.NewWriter(&pieces[i].journal)
	}
	home := map[int]int{}
	r := report.NewReader(bytes.NewReader(journal))
	for r.Scan() {
		rec := r.Record()
		to := []int{rng.IntN(n)}
		switch {
		case rec.Run != nil || rec.Phase != nil || rec.End != nil:
			to = rng.Perm(n)
		case rec.Step != nil:
			if _, known := home[rec.Step.Client]; !known {
				home[rec.Step.Client] = to[0]
			}
			to[0] = home[rec.Step.Client]
		case rec.Load != nil:
			for i, share := range shares(rng, n, *rec.Load) {
				require.NoError(t, writers[i].Write(report.Record{T: rec.T, Load: &share}))
			}
			continue
		}
		for _, i := range to {
			require.NoError(t, writers[i].Write(rec))
		}
	}
	require.NoError(t, r.Err())
	lines := strings.SplitAfter(string(hlog), "\n")
	for i, w := range writers {
		require.NoError(t, w.Flush())
		for _, line := range lines[:min(len(lines), 4)] {
			pieces[i].hlog.WriteString(line)
		}
	}
	for _, line := range lines[min(len(lines), 4):] {
		pieces[rng.IntN(n)].hlog.WriteString(line)
	}
	return pieces
}

// shares deals the counts of an interval out.
func shares(rng *rand.Rand, n int, l report.Load) []report.Load {
	out := make([]report.Load, n)
	deal := func(count int64, add func(i int, n int64)) {
		for i := range n - 1 {
			some := rng.Int64N(count + 1)
			add(i, some)
			count -= some
		}
		add(n-1, count)
	}
	for i := range out {
		out[i] = report.Load{From: l.From, Phases: map[string]report.LoadCount{}, LateP99: l.LateP99, LateMax: l.LateMax, Ordered: l.Ordered}
	}
	deal(l.OnUsable, func(i int, n int64) { out[i].OnUsable = n })
	deal(l.LateOver, func(i int, n int64) { out[i].LateOver = n })
	for phase, c := range l.Phases {
		for _, f := range []func(*report.LoadCount) *int64{
			func(c *report.LoadCount) *int64 { return &c.Intended }, func(c *report.LoadCount) *int64 { return &c.Sent },
			func(c *report.LoadCount) *int64 { return &c.Acked }, func(c *report.LoadCount) *int64 { return &c.Resent },
			func(c *report.LoadCount) *int64 { return &c.Dup }, func(c *report.LoadCount) *int64 { return &c.Dropped },
			func(c *report.LoadCount) *int64 { return &c.Waited }, func(c *report.LoadCount) *int64 { return &c.Reordered },
		} {
			deal(*f(&c), func(i int, n int64) {
				x := out[i].Phases[phase]
				*f(&x) = n
				out[i].Phases[phase] = x
			})
		}
	}
	return out
}

func summaryOf(t *testing.T, journal, hlog []byte) string {
	t.Helper()
	s, err := report.Build(bytes.NewReader(journal), bytes.NewReader(hlog))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, report.WriteJSON(&out, s))
	return out.String()
}

// A run that was recorded in pieces, however its clients and messages were spread, and in
// whatever order the pieces are merged, is the run that one machine would have recorded.
func TestMergingThePiecesGivesTheWhole(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("..", "testdata", "journals", "*"))
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(11, 13))
	for _, dir := range dirs {
		if filepath.Base(dir) == "cut-off" { // damaged lines belong to nobody
			continue
		}
		journal, err := os.ReadFile(filepath.Join(dir, "journal.ndjson"))
		require.NoError(t, err)
		hlog, err := os.ReadFile(filepath.Join(dir, "latency.hlog"))
		require.NoError(t, err)
		whole := summaryOf(t, journal, hlog)
		for _, n := range []int{1, 2, 2, 2, 3, 3, 4} {
			pieces := part(t, rng, n, journal, hlog)
			order := rng.Perm(n)
			j, h := merged(t, pieces, order)
			require.Equal(t, whole, summaryOf(t, j, h), "%s in %d pieces", dir, n)

			slices.Reverse(order)
			again, hagain := merged(t, pieces, order)
			require.Equal(t, string(j), string(again), "%s in %d pieces, in another order", dir, n)
			require.Equal(t, string(h), string(hagain))

			// Merging what was merged changes nothing, nor does merging in two goes.
			if n > 2 {
				j1, h1 := merged(t, pieces, []int{1, 2})
				some := []*piece{{}, pieces[0]}
				some[0].journal.Write(j1)
				some[0].hlog.Write(h1)
				some = append(some, pieces[3:]...)
				j2, h2 := merged(t, some, rng.Perm(len(some)))
				require.Equal(t, string(j), string(j2), "%s in two goes", dir)
				require.Equal(t, string(h), string(h2))
			}
		}
	}
}

func TestPiecesOfDifferentRuns(t *testing.T) {
	of := func(change func(*report.Run)) *bytes.Reader {
		p := small(t, 2, change)
		p.end(10 * sec)
		return bytes.NewReader(p.journal.Bytes())
	}
	for what, change := range map[string]func(*report.Run){
		"seed":              func(r *report.Run) { r.Seed = 7 },
		"policy":            func(r *report.Run) { r.Policy = "other" },
		"load":              func(r *report.Run) { r.Rate = 7 },
		"plan":              func(r *report.Run) { r.Plan[3].To++ },
		"number of clients": func(r *report.Run) { r.Control = "AQ==" },
		"faults":            split,
		"gates":             func(r *report.Run) { r.Gates = []string{"storm.amp < 2"} },
		"list of endpoints": func(r *report.Run) { r.Endpoints = []string{"green"} },
	} {
		_, err := report.Merge(new(bytes.Buffer), new(bytes.Buffer), report.Piece{Name: "a", Journal: of(nil)}, report.Piece{Name: "b", Journal: of(change)})
		assert.EqualError(t, err, "a and b are not of one run: their "+what+" differs")
	}
	_, err := report.Merge(new(bytes.Buffer), new(bytes.Buffer), report.Piece{Name: "a", Journal: of(nil)}, report.Piece{Name: "b", Journal: of(nil)})
	assert.EqualError(t, err, "client 0 is in a and in b")
}

func TestPiecesThatCannotBeRead(t *testing.T) {
	p := small(t, 2, nil)
	p.end(10 * sec)
	for journal, want := range map[string]string{
		"":          "b: the journal is empty: expected a record of what was run in line 1",
		"garbage\n": "b: nothing readable in the journal: line 1: not JSON at byte 1: invalid character 'g' looking for beginning of value",
		`{"t":1,"phase":{"name":"warmup"}}` + "\n": "b: the journal does not begin with a record of what was run: line 1 is a record of kind phase",
		`{"t":0,"run":{"schema":2}}` + "\n":        "b: journal line 1: schema 2, expected 1: it was written by a newer wsheal",
	} {
		_, err := report.Merge(new(bytes.Buffer), new(bytes.Buffer), report.Piece{Name: "a", Journal: bytes.NewReader(p.journal.Bytes())}, report.Piece{Name: "b", Journal: strings.NewReader(journal)})
		assert.EqualError(t, err, want)
	}
	_, err := report.Merge(new(bytes.Buffer), new(bytes.Buffer))
	assert.EqualError(t, err, "there is nothing to merge")
}

// The end of the whole is the worst of the ends, and there is none when a piece has none.
func TestEndsOfPieces(t *testing.T) {
	merge := func(ends ...string) (*report.Summary, []string) {
		var pieces []report.Piece
		for i, reason := range ends {
			p := newTape(t, report.Run{Clients: 3, Hold: sec})
			p.begin(0, "baseline")
			p.up(0, i, "start", nil)
			if reason != "" {
				p.write(report.Record{T: 10*sec + int64(i), End: &report.End{Reason: reason}})
			}
			pieces = append(pieces, report.Piece{Name: fmt.Sprint("m", i), Journal: bytes.NewReader(p.journal.Bytes())})
		}
		var j, h bytes.Buffer
		warnings, err := report.Merge(&j, &h, pieces...)
		require.NoError(t, err)
		s, err := report.Build(&j, &h)
		require.NoError(t, err)
		return s, warnings
	}
	s, warnings := merge("complete", "complete", "complete")
	assert.Equal(t, "complete", s.Ended.Reason)
	assert.Equal(t, 10*sec+2, s.Duration)
	assert.Equal(t, 3, s.Clients.Usable)
	assert.Empty(t, warnings)
	s, _ = merge("complete", "error", "interrupted")
	assert.Equal(t, "error", s.Ended.Reason)
	s, _ = merge("complete", "aborted", "complete")
	assert.Equal(t, "aborted", s.Ended.Reason)
	s, warnings = merge("complete", "", "complete")
	assert.Equal(t, "cut off", s.Ended.Reason)
	assert.Equal(t, []string{"m1: the journal has no end"}, warnings)
}

// Whoever tells an edge of a fault, it is told once; what failed failed for each.
func TestEdgesOfPieces(t *testing.T) {
	var pieces []report.Piece
	for i := range 3 {
		p := newTape(t, report.Run{Clients: 3, Hold: sec, Faults: []report.Intended{{Name: "cut", At: 2 * sec, For: sec}}})
		p.begin(0, "baseline")
		p.edge(2*sec+int64(i)*ms, "cut", "commanded")
		p.edge(2*sec+int64(i)*ms, "cut", "confirmed")
		p.write(report.Record{T: 3 * sec, Fault: &report.Fault{Name: "cut", Edge: "failed", Error: fmt.Sprint("m", i, " was not heard")}})
		p.edge(4*sec+int64(i)*ms, "cut", "cleared")
		p.end(10 * sec)
		pieces = append(pieces, report.Piece{Name: fmt.Sprint("m", i), Journal: bytes.NewReader(p.journal.Bytes())})
	}
	var j bytes.Buffer
	warnings, err := report.Merge(&j, new(bytes.Buffer), pieces...)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	var edges []string
	for r := report.NewReader(&j); r.Scan(); {
		if f := r.Record().Fault; f != nil {
			edges = append(edges, fmt.Sprint(r.Record().T/ms, " ", f.Edge, f.Error))
		}
	}
	assert.Equal(t, []string{
		"2000 commanded", "2000 confirmed",
		"3000 failedm0 was not heard", "3000 failedm1 was not heard", "3000 failedm2 was not heard",
		"4000 cleared",
	}, edges)
}

// Machines do not end their intervals at the same moments. What they count together is
// their sum, and none of it is lost.
func TestIntervalsThatOverlap(t *testing.T) {
	p := newTape(t, report.Run{Clients: 2, Rate: 20, Hold: sec})
	p.begin(0, "baseline")
	count := func(from, to int64) {
		p.write(report.Record{T: to, Load: &report.Load{From: from, Phases: map[string]report.LoadCount{"baseline": {Intended: 10, Sent: 10, Acked: 10}}}})
	}
	for k := range int64(8) {
		count(k*sec, (k+1)*sec)
		count(k*sec+400*ms, (k+1)*sec+400*ms)
	}
	p.end(9 * sec)
	s := p.build()
	assert.Equal(t, int64(160), s.Messages["all"].Acked)
	for k := 1; k < 8; k++ {
		assert.InDelta(t, 20, s.Timeline.Acked[k], 1e-9, "second %d", k)
	}
}
