package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// TestWhatIsHeardIsTold by client: the warmup lasts for half a second, the plan for four.
func TestWhatIsHeardIsTold(t *testing.T) {
	b := newBench(t, open(t, "reset-storm", "load={pattern: push}", "clients.count=3"))
	hear := func(client int, at ...time.Duration) {
		for _, ms := range at {
			b.rec.observe(driver.Event{Kind: driver.Received, Client: client, At: heal.Instant(ms * time.Millisecond), Payload: []byte("news")})
		}
	}
	hear(0, 100, 400, 900, 1000, 3500)
	hear(1, 300) // and nothing that counts
	hear(2, 600, 3900, 4100)
	assert.Equal(t, &report.Pushed{
		Tally:   []report.Tally{{Messages: 0, Clients: 1}, {Messages: 2, Clients: 1}, {Messages: 3, Clients: 1}},
		Silence: int64(3500 * time.Millisecond), // of client 1, from the end of the warmup to the end of the plan
	}, b.rec.heard(int64(5*time.Second)))
	assert.Nil(t, b.rec.heard(int64(400*time.Millisecond)), "nothing was measured yet")

	// Gaps are of the phase in which they end: the chaos begins at 1 s, the recovery at 2 s.
	b.rec.gather()
	for phase, want := range map[string]time.Duration{"warmup": 300, "baseline": 500, "recovery": 3300} {
		ns, ok := b.rec.total.Quantiles("gap", phase, 0)(1)
		assert.True(t, ok, phase)
		assert.Equal(t, int64(want*time.Millisecond), ns, phase)
	}
	phases := b.load(time.Second).Phases
	assert.Equal(t, report.LoadCount{Pushed: 3}, phases["warmup"])
	assert.Equal(t, report.LoadCount{Pushed: 2}, phases["baseline"])
	assert.Equal(t, report.LoadCount{Pushed: 1}, phases["chaos"])

	assert.Nil(t, newBench(t, open(t, "reset-storm")).rec.heard(int64(5*time.Second)), "an echo is asked for")
}

// TestSilentTargetIsNotWaitedFor: what was sent is settled, and so is its page of the ledger.
func TestSilentTargetIsNotWaitedFor(t *testing.T) {
	b := newBench(t, open(t, "reset-storm", "load={pattern: silent, rate: 20000/s}"))
	require.Greater(t, b.rec.schedule.total(), uint64(page))
	for n := range uint64(page) {
		b.rec.due(n, b.rec.schedule.client(n))
	}
	assert.Equal(t, int64(page), b.rec.outstanding())
	for n := range uint64(page) {
		b.rec.observe(driver.Event{Kind: driver.Sent, Seq: n, At: b.rec.schedule.due(n)})
	}
	assert.Zero(t, b.rec.outstanding())
	assert.Zero(t, b.rec.unanswered(0))
	assert.Nil(t, b.rec.ledger.pages[0], "nothing is remembered of what is over")
	b.targets = []Target{standing("ws://blue/")}
	assert.Nil(t, b.fleetOptions(nil).Ack, "nothing acknowledges")
}

// greeted is an exchange that notes what is said.
type greeted struct {
	driver.Exchange
	first bool
	said  *[]string
}

func (g greeted) First() bool { return g.first }
func (greeted) Client() int   { return 7 }
func (g greeted) Send(_ context.Context, m driver.Message) error {
	*g.said = append(*g.said, fmt.Sprintf("%s %v", m.Payload, m.Text))
	return nil
}

func TestSubscriptionIsSaidOnceOnEachConnection(t *testing.T) {
	b := newBench(t, open(t, "reset-storm", "load={pattern: push, payload: 'join {client}'}"))
	b.targets = []Target{standing("ws://blue/")}
	o := b.fleetOptions(nil)
	require.NotNil(t, o.Validate)
	var said []string
	require.ErrorIs(t, o.Validate(t.Context(), greeted{first: true, said: &said}), driver.ErrNoProof, "it proves nothing")
	require.NoError(t, o.Validate(t.Context(), greeted{said: &said}))
	assert.Equal(t, []string{"join 7 true"}, said)
	b = newBench(t, open(t, "reset-storm", "load={pattern: push}"))
	b.targets = []Target{standing("ws://blue/")}
	assert.Nil(t, b.fleetOptions(nil).Validate)
}

// TestDialects: what each load puts is known when it comes back, and nothing else is.
func TestDialects(t *testing.T) {
	for _, test := range []struct {
		load    scenarios.Load
		answers map[string]uint64 // to message 12
		others  []string
	}{
		{load: scenarios.Load{Pattern: report.Echo, Size: 40}, others: []string{"", "welcome to this server"}},
		{load: scenarios.Load{Pattern: report.Echo, Size: 40, Text: true}, others: []string{"", "wshl 12", "wshl 00000000000000zz..", "welcome to this server"}},
		{
			load:   scenarios.Load{Pattern: report.Echo, Payload: "{client}: {id} of (many){pad}", Size: 40},
			others: []string{"12", "x: 12 of (many)", "3: 12 of many", "3: 99999999999999999999999 of (many)"},
		},
		{
			load:    scenarios.Load{Pattern: report.Reply, Payload: `{"id": {id}}`, Correlate: "id"},
			answers: map[string]uint64{`{"id": 12}`: 12, `{"id": "12", "x": {"id": 3}}`: 12, ` {"a": [], "id":12.} `: 0},
			others:  []string{"12", "{}", `{"id": null}`, `{"id": -1}`, `{"id": 1.5}`, `{"id": "a12"}`, `[{"id": 12}]`, `{"id": {"id": 12}}`, `{"id": 12`},
		},
		{
			load:    scenarios.Load{Pattern: report.Reply, Payload: `{"ask": "q-{id}!"}`, Correlate: "re.0.q"},
			answers: map[string]uint64{`{"re": [{"q": "q-12!"}, 1]}`: 12},
			others:  []string{`{"re": [{"q": "12"}]}`, `{"re": [{"q": "q-12"}]}`, `{"re": {"0": 12}}`, `{"re": []}`},
		},
		{load: scenarios.Load{Pattern: report.Push}, others: []string{"news"}},
		{load: scenarios.Load{Pattern: report.Silent, Size: 40}, others: []string{"news"}},
	} {
		d := newDialect(test.load)
		message := d.put([]byte("kept "), 12, 3)
		require.True(t, bytes.HasPrefix(message, []byte("kept ")))
		message = message[len("kept "):]
		if test.load.Size > 0 {
			assert.Len(t, message, test.load.Size)
		}
		assert.LessOrEqual(t, len(message), d.longest)
		n, ok := d.read(message)
		if test.load.Pattern == report.Echo {
			assert.True(t, ok, "%s", message)
			assert.Equal(t, uint64(12), n)
		}
		for text, want := range test.answers {
			n, ok := d.read([]byte(text))
			assert.Equal(t, want > 0, ok, text)
			assert.Equal(t, want, n, text)
		}
		for _, text := range test.others {
			_, ok := d.read([]byte(text))
			assert.False(t, ok, "%s %q: %q", test.load.Pattern, test.load.Payload, text)
		}
	}
}

// TestSecretsAreStruckOut of what a run says when it ends, which stays what it is.
func TestSecretsAreStruckOut(t *testing.T) {
	s, err := scenarios.Parse("a.yaml", []byte("scenario: a\ntargets: {mine: {url: \"ws://127.0.0.1:1/?key=${TOKEN}\"}}\nclients: {count: 1}\n"),
		scenarios.Options{Getenv: func(string) (string, bool) { return "s3cr3t", true }})
	require.NoError(t, err)
	b := newBench(t, s)
	err = b.redacted(&SetupError{errors.New("it said: s3cr3t is wrong")})
	assert.EqualError(t, err, "it said: ${TOKEN} is wrong")
	_, ok := errors.AsType[*SetupError](err)
	assert.True(t, ok)
	assert.NoError(t, b.redacted(nil))

	b.rec.unfit("ports", "dial ws://127.0.0.1:1/?key=s3cr3t: no port")
	b.edge(report.Fault{Name: "cut", Edge: "failed", Error: "s3cr3t"}, 1)
	require.NoError(t, b.run.journal.Flush())
	assert.NotContains(t, b.journal.String(), "s3cr3t")
	assert.Contains(t, b.journal.String(), "key=${TOKEN}: no port")
}
