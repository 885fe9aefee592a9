package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// written is what a writer makes of records.
func written(t *testing.T, recs ...report.Record) string {
	var b bytes.Buffer
	w := report.NewWriter(&b)
	for _, r := range recs {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Flush())
	return b.String()
}

// One record of each kind, every field of it set to something.
func everyRecord(t *testing.T) []report.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []report.Record
	kinds := reflect.TypeFor[report.Record]()
	for i := range kinds.NumField() {
		if kinds.Field(i).Type.Kind() != reflect.Pointer {
			continue
		}
		rec := report.Record{T: int64(i) * sec}
		v := reflect.New(kinds.Field(i).Type.Elem())
		set(v.Elem(), rng)
		reflect.ValueOf(&rec).Elem().Field(i).Set(v)
		if rec.Run != nil {
			rec.Run.Schema = report.Schema
		}
		out = append(out, rec)
	}
	require.Len(t, out, kinds.NumField()-1)
	return out
}

// set fills a value with something, sometimes with nothing.
func set(v reflect.Value, rng *rand.Rand) {
	zero := rng.IntN(4) == 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			set(v.Field(i), rng)
		}
	case reflect.Slice:
		if zero {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1+rng.IntN(3), 4))
		for i := range v.Len() {
			set(v.Index(i), rng)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		set(v.Elem(), rng)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		set(e, rng)
		v.SetMapIndex(reflect.ValueOf("baseline"), e)
	case reflect.String:
		v.SetString([]string{"", "reset", "gave up", "a \"b\" \\ <c> & d", "µs\x01\n\u2028\xff", "~}{"}[rng.IntN(6)])
	case reflect.Int, reflect.Int64:
		if !zero {
			v.SetInt(rng.Int64() >> rng.IntN(64) * int64(1-2*rng.IntN(2)))
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if !zero {
			v.SetUint(rng.Uint64() >> (64 - v.Type().Bits()))
		}
	case reflect.Float64:
		v.SetFloat(rng.Float64())
	case reflect.Bool:
		v.SetBool(!zero)
	default:
		panic(v.Kind())
	}
}

// The hand-written line of a step is that of encoding/json, byte for byte.
func TestStepLineIsJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		rec := report.Record{T: rng.Int64() - rng.Int64(), Step: new(report.Step)}
		set(reflect.ValueOf(rec.Step).Elem(), rng)
		want, err := json.Marshal(rec)
		require.NoError(t, err)
		require.Equal(t, string(want)+"\n", written(t, rec))
	}
}

func TestJournalRoundTrip(t *testing.T) {
	recs := everyRecord(t)
	text := written(t, recs...)
	assert.Equal(t, len(recs), strings.Count(text, "\n"), "one line each")
	r := report.NewReader(strings.NewReader(text))
	for i, want := range recs {
		require.True(t, r.Scan(), "%v", r.Warnings())
		assert.Equal(t, int64(i+1), r.Line())
		// Strings that are not UTF-8 come back with U+FFFD; nothing else changes.
		a, err := json.Marshal(want)
		require.NoError(t, err)
		b, err := json.Marshal(r.Record())
		require.NoError(t, err)
		assert.JSONEq(t, string(a), string(b))
	}
	assert.False(t, r.Scan())
	assert.NoError(t, r.Err())
	assert.Empty(t, r.Warnings())
}

// calls keeps what each Write call had.
type calls struct {
	mu  sync.Mutex
	all []string
	err error
}

func (c *calls) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.all = append(c.all, string(p))
	return len(p), nil
}

// Many goroutines write; every Write call of the writer has whole lines, and none is lost.
func TestWriterConcurrently(t *testing.T) {
	const goroutines, each = 8, 2000
	var out calls
	w := report.NewWriter(&out)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				rec := report.Record{T: int64(i), Step: &report.Step{Client: g, Event: "timer", From: "ready", To: "stable"}}
				if i%10 == 0 {
					rec = report.Record{T: int64(i), Note: &report.Note{Text: fmt.Sprint(g)}}
				}
				if w.Write(rec) != nil || i%500 == 0 && w.Flush() != nil {
					t.Error("write")
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, w.Flush())
	assert.Greater(t, len(out.all), goroutines, "in several calls")
	for _, call := range out.all {
		assert.True(t, strings.HasPrefix(call, `{"t":`) && strings.HasSuffix(call, "}\n"), "whole lines")
	}
	next := map[int]int64{}
	r := report.NewReader(strings.NewReader(strings.Join(out.all, "")))
	n := 0
	for r.Scan() {
		n++
		if s := r.Record().Step; s != nil {
			assert.GreaterOrEqual(t, r.Record().T, next[s.Client], "each goroutine's records keep their order")
			next[s.Client] = r.Record().T + 1
		}
	}
	assert.Equal(t, goroutines*each, n)
	assert.Empty(t, r.Warnings())
}

func TestWriterErrors(t *testing.T) {
	out := calls{}
	w := report.NewWriter(&out)
	require.NoError(t, w.Flush())
	assert.Empty(t, out.all, "nothing to write, no call")
	assert.Error(t, w.Write(report.Record{Harness: &report.Harness{CPU: math.NaN()}}))
	require.NoError(t, w.Write(report.Record{T: 1, Note: &report.Note{Text: "after"}}), "a record that has no JSON form is no end")
	require.NoError(t, w.Flush())
	assert.Equal(t, []string{`{"t":1,"note":{"text":"after"}}` + "\n"}, out.all)

	full := errors.New("disk full")
	out.err = full
	require.NoError(t, w.Write(report.Record{T: 2, Note: &report.Note{}}), "it is only buffered")
	require.ErrorIs(t, w.Flush(), full)
	out.err = nil
	assert.ErrorIs(t, w.Write(report.Record{T: 3, Note: &report.Note{}}), full, "final: a gap must not go unnoticed")
	assert.ErrorIs(t, w.Flush(), full)
	assert.Len(t, out.all, 1)
}

func TestWriterHandsOnALargeBuffer(t *testing.T) {
	var out calls
	w := report.NewWriter(&out)
	text := strings.Repeat("x", 1000)
	for range 5000 {
		require.NoError(t, w.Write(report.Record{Note: &report.Note{Text: text}}))
	}
	assert.Len(t, out.all, 1, "4 MiB have been handed on without a Flush")
}

func TestReaderSkipsWhatItCannotRead(t *testing.T) {
	const good = `{"t":5,"note":{"text":"x"}}`
	for _, c := range []struct{ line, warning string }{
		{`{"t":1}`, "no kind of record that this wsheal knows"},
		{`{"t":1,"future":{"x":1}}`, "no kind of record that this wsheal knows"},
		{`{"t":1,"note":{},"end":{}}`, "several records in one line"},
		{`{"t":-1,"note":{}}`, "t is -1, expected 0 or more"},
		{`{"t":"1","note":{}}`, "field t: expected int64, got string"},
		{`{"t":1,"step":{"gen":-1}}`, "field step.gen: expected uint32, got number -1"},
		{`{"t":1.5,"note":{}}`, "field t: expected int64, got number 1.5"},
		{`[1,2]`, "expected a record, an object, got array"},
		{`null`, "no kind of record that this wsheal knows"},
		{`{"t":1,"note":{}`, "not JSON at byte 16: unexpected end of JSON input"},
		{`{"t":1,"note":{}}}`, "not JSON at byte 18: invalid character '}' after top-level value"},
		{good + good, "not JSON at byte 28: invalid character '{' after top-level value"},
		{strings.Repeat("x", 17<<20), "longer than 16 MiB"},
		{`{"t":1,"note":{"text":"` + strings.Repeat("x", 16<<20) + `"}}`, "longer than 16 MiB"},
	} {
		r := report.NewReader(strings.NewReader(good + "\n" + c.line + "\n" + good + "\n"))
		n := 0
		for r.Scan() {
			n++
			assert.Equal(t, int64(5), r.Record().T)
		}
		assert.Equal(t, 2, n, "the lines around %.60s are read", c.line)
		require.NoError(t, r.Err())
		require.Len(t, r.Warnings(), 1, "%.60s", c.line)
		assert.Contains(t, r.Warnings()[0], "journal line 2: ")
		assert.Contains(t, r.Warnings()[0], c.warning)
		assert.Contains(t, r.Warnings()[0], "; skipped")
	}
}

func TestReaderLastLine(t *testing.T) {
	const good = `{"t":5,"note":{"text":"x"}}`
	for _, c := range []struct {
		text    string
		n       int
		warning []string
	}{
		{good + "\n" + good, 2, nil}, // complete, though the newline is missing
		{good + "\r\n\r\n" + good + "\r\n", 2, nil},
		{good + "\n" + good[:20], 1, []string{"journal line 2: cut off in the middle"}},
		{good + "\n" + good[:1], 1, []string{"journal line 2: cut off in the middle"}},
		{good + "\n", 1, nil},
	} {
		r := report.NewReader(iotest.OneByteReader(strings.NewReader(c.text)))
		n := 0
		for r.Scan() {
			n++
		}
		assert.Equal(t, c.n, n, "%q", c.text)
		assert.Equal(t, c.warning, r.Warnings(), "%q", c.text)
		assert.False(t, r.Scan(), "the end stays the end")
	}
}

func TestReaderLongLineIsRead(t *testing.T) {
	text := strings.Repeat("x", 15<<20)
	r := report.NewReader(strings.NewReader(written(t, report.Record{Note: &report.Note{Text: text}})))
	require.True(t, r.Scan())
	assert.Len(t, r.Record().Note.Text, len(text))
}

func TestReaderErrors(t *testing.T) {
	broken := errors.New("I/O error")
	r := report.NewReader(io.MultiReader(strings.NewReader(`{"t":5,"note":{}}`+"\n{"), iotest.ErrReader(broken)))
	assert.True(t, r.Scan())
	assert.False(t, r.Scan())
	assert.ErrorIs(t, r.Err(), broken)
	assert.EqualError(t, r.Err(), "journal line 2: I/O error")

	r = report.NewReader(strings.NewReader(`{"t":0,"run":{"schema":99}}` + "\n" + `{"t":5,"note":{}}`))
	assert.False(t, r.Scan())
	var schema *report.SchemaError
	require.ErrorAs(t, r.Err(), &schema)
	assert.Equal(t, 99, schema.Got)
	assert.Equal(t, int64(1), schema.Line)
	assert.False(t, r.Scan(), "the rest means something else")
}

func TestWarningsAreBounded(t *testing.T) {
	r := report.NewReader(strings.NewReader(strings.Repeat("?\n", 1000)))
	assert.False(t, r.Scan())
	require.Len(t, r.Warnings(), 21)
	assert.Equal(t, "journal: and 980 more lines with something wrong", r.Warnings()[20])
}

func BenchmarkWriter(b *testing.B) {
	step := report.Record{T: 5_123_456_789, Step: &report.Step{
		Client: 123, Gen: 2, Event: "lost", EventGen: 2, Cause: "reset", From: "stable", To: "waiting", Attempt: 1,
		Actions: []report.Action{{Kind: "arm", Timer: 17, At: 7_123_456_789}},
	}}
	for _, c := range []struct {
		name string
		rec  report.Record
	}{
		{"kind=step", step},
		{"kind=load", report.Record{T: sec, Load: &report.Load{Phases: map[string]report.LoadCount{"baseline": {Intended: 1}}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := report.NewWriter(io.Discard)
			b.ReportAllocs()
			for b.Loop() {
				_ = w.Write(c.rec)
			}
		})
	}
}

func BenchmarkReader(b *testing.B) {
	var text bytes.Buffer
	w := report.NewWriter(&text)
	for i := range 1000 {
		_ = w.Write(report.Record{T: int64(i), Step: &report.Step{Client: i, Gen: 2, Event: "lost", EventGen: 2, Cause: "reset", From: "stable", To: "waiting", Actions: []report.Action{{Kind: "arm", Timer: 17, At: 7_123_456_789}}}})
	}
	_ = w.Flush()
	b.ReportAllocs()
	for b.Loop() {
		for r := report.NewReader(bytes.NewReader(text.Bytes())); r.Scan(); {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}
