package scenarios

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/pool/policies"
	"github.com/wsheal/wsheal/report"
)

// Whatever scenario there is, what it writes is read back as the same.
func TestWrittenScenariosAreReadBack(t *testing.T) {
	for seed := range uint64(500) {
		s := randomScenario(t, rand.New(rand.NewPCG(seed, 0)))
		text := s.YAML()
		got, err := Parse("scenario.yaml", text, Options{AllowRemote: s.AllowRemote})
		require.NoError(t, err, "seed %d\n%s", seed, text)
		require.Equal(t, s, got, "seed %d\n%s", seed, text)
		require.Equal(t, string(text), string(got.YAML()), "seed %d", seed)
	}
}

func randomScenario(t *testing.T, r *rand.Rand) *Scenario {
	names := policies.Names()
	name := names[r.IntN(len(names))]
	source, _ := policies.Source(name)
	both, err := policies.Parse(name+".yaml", []byte(source))
	require.NoError(t, err)
	policy := both.Client
	if r.IntN(2) == 0 {
		policy.Name = "mine"
		policy.StableAfter = randomDuration(r) % time.Hour
		policy.Backoff = heal.Backoff{Base: time.Millisecond, Cap: time.Millisecond + randomDuration(r)%time.Hour, Factor: 2, Jitter: heal.Equal}
	}
	s := &Scenario{
		Name: randomName(r), About: randomText(r), Seed: r.Uint64(),
		Hold: randomDuration(r), AllowRemote: r.IntN(2) == 0,
		Load: Load{Pattern: "none", Size: 32 + r.IntN(mostSize-32), Guarantee: "at-most-once"},
		Clients: Clients{
			Count: 1 + r.IntN(mostClients), Sharing: Alone, Policy: policy,
		},
	}
	if r.IntN(2) == 0 {
		s.Clients.Sharing, s.Clients.Shared = Shared, both.Shared
	}
	if r.IntN(2) == 0 {
		s.Load.Pattern, s.Load.Guarantee, s.Load.Rate = "echo", "at-least-once", 1e-3+r.Float64()*1e5
	}
	s.Load = randomLoad(r, s.Load)
	for i := range 1 + r.IntN(4) {
		s.Targets = append(s.Targets, randomTarget(r, fmt.Sprintf("t%d", i), s.AllowRemote))
		s.Clients.Endpoints = append(s.Clients.Endpoints, Endpoint{Target: fmt.Sprintf("t%d", i), Priority: r.IntN(5), Weight: 1 + r.IntN(5)})
	}
	now := time.Duration(0)
	for _, name := range phaseNames {
		if d := time.Second + randomDuration(r); name != "verify" || r.IntN(2) == 0 {
			s.Phases = append(s.Phases, Phase{Name: name, From: now, To: now + d})
			now += d
		}
	}
	s.Clients.Ramp = time.Duration(r.Int64N(int64(s.Phases[0].To)))
	for i := range r.IntN(5) {
		s.Faults = append(s.Faults, randomFault(r, fmt.Sprintf("f%d", i), s))
	}
	s.Steady = randomGates(t, r, "clients.usable >= 99.9%", "clients.usable>0.5")
	s.Gates = randomGates(t, r, "avail.time >= 99.9%", "harness.tick_p99 < max(5ms, 2 * harness.timer_p99)", "clients.usable >= 10% or abort", "clients.reset == 0")
	return s
}

func randomTarget(r *rand.Rand, name string, remote bool) Target {
	t := Target{Name: name}
	switch r.IntN(3) {
	case 0:
		t.Embedded = &Embedded{Handshake: Handshake{
			Workers: 1 + r.IntN(5), Cost: randomDuration(r), Burn: r.IntN(2) == 0, Queue: r.IntN(500),
			Overflow: []string{"503", "reset", "hang"}[r.IntN(3)], RetryAfter: time.Duration(r.IntN(9)) * time.Second,
			LIFO: r.IntN(2) == 0, StaleWork: r.IntN(2) == 0,
		}}
		if r.IntN(2) == 0 {
			t.Embedded.Replies = Replies{
				Seed: r.Uint64(), LateEach: 1 + r.IntN(100), LateBy: 1 + randomDuration(r),
				Lost: 1 + r.IntN(10), LostOf: 10 + r.IntN(100), PauseAfter: 1 + r.IntN(100), Pause: 1 + randomDuration(r),
			}
		}
	case 1:
		t.Command = []string{"node", randomText(r) + "x", "${HOME}"}
		t.URL = "ws://127.0.0.1:900" + name[1:] + "/"
	case 2:
		t.URL = "wss://localhost:900" + name[1:] + "/?a=${b}&c=d, e: f"
		if remote {
			t.URL = "wss://" + name + ".example.com/"
		}
		if r.IntN(2) == 0 {
			t.Headers = []Header{{Name: "X-" + name, Value: "${x}: {a} #" + name}, {Name: "null", Value: "null"}}
			t.Subprotocols = []string{"v2.chat", "null"}
		}
		if r.IntN(2) == 0 {
			t.TLS = &TLS{ServerName: []string{"", "chat.internal"}[r.IntN(2)], Insecure: r.IntN(2) == 0, MinVersion: []string{"1.2", "1.3"}[r.IntN(2)]}
		}
	}
	return t
}

// randomLoad makes another of a load that is echoed, in half of the cases.
func randomLoad(r *rand.Rand, l Load) Load {
	if l.Pattern != report.Echo || r.IntN(2) == 0 {
		return l
	}
	l.Text = r.IntN(2) == 0
	switch r.IntN(4) {
	case 0:
		l.Pattern, l.Guarantee = report.Silent, "at-most-once"
	case 1:
		return Load{Pattern: report.Push, Payload: Payload("{client}: " + strings.ReplaceAll(randomText(r), "{", "(") + "${1}"), Text: l.Text, Guarantee: "at-most-once"}
	case 2:
		l.Pattern, l.Payload, l.Correlate = report.Reply, Payload(`{"n": "a-{id}", "to": "$${1}"}`), "n"
		l.Size = len(l.Payload.Append(nil, 0, 0, 0))
	case 3:
		l.Payload, l.Size = "{client} says {id}{pad}", 64+r.IntN(1000)
	}
	return l
}

func randomFault(r *rand.Rand, name string, s *Scenario) Fault {
	from, end := s.Phase("chaos").From, s.End()
	f := Fault{At: from + time.Duration(r.Int64N(int64(end-from)))}
	f.Fault = chaos.Fault{Name: name, On: s.Targets[0].Name, Share: r.Float64(), Seed: s.Seed}
	if r.IntN(2) == 0 {
		f.At, f.Share = from, float64(r.IntN(101))/100
	}
	directions := []chaos.Direction{chaos.Both, chaos.Up, chaos.Down}
	f.For = 1 + time.Duration(r.Int64N(int64(end-f.At)))
	switch r.IntN(3) {
	case 0:
		f.Effect = chaos.Reset{}
	case 1:
		f.Effect = chaos.Partition{Direction: directions[r.IntN(3)]}
	case 2:
		delay := time.Millisecond + randomDuration(r)
		f.Effect = chaos.Latency{
			Delay: delay, Jitter: delay / 3, Dist: []chaos.Dist{chaos.Uniform, chaos.Normal, chaos.Pareto}[r.IntN(3)],
			Correlation: float64(r.IntN(1000)) / 1000, Connect: r.IntN(2) == 0, Direction: directions[r.IntN(3)],
		}
	}
	k, _ := chaos.Lookup(f.Effect.Kind())
	f.By, f.Conns = k.Backends[0].By, k.Conns[r.IntN(len(k.Conns))]
	if !k.Once && r.IntN(2) == 0 {
		f.Flap = chaos.Flap{Up: time.Second + time.Duration(r.Int64N(1e12)), Down: time.Second + time.Duration(r.Int64N(1e12)), Cycles: r.Int64N(5)}
	}
	if k.Ramp && r.IntN(2) == 0 {
		f.Ramp = time.Duration(r.Int64N(int64(f.For)))
	}
	if k.Once {
		f.For = f.Ramp
	}
	return f
}

func randomGates(t *testing.T, r *rand.Rand, texts ...string) []report.Gate {
	var all []report.Gate
	for _, text := range texts[:r.IntN(len(texts)+1)] {
		g, err := report.ParseGate(text)
		require.NoError(t, err)
		all = append(all, g)
	}
	return all
}

func randomDuration(r *rand.Rand) time.Duration {
	units := []time.Duration{1, time.Microsecond, time.Millisecond, time.Second, time.Minute}
	return time.Duration(r.IntN(5000)) * units[r.IntN(len(units))]
}

func randomName(r *rand.Rand) string {
	names := []string{"reset-storm", "a", "503", "null", "true", "1e3", "0x10", "x_y", "NaN"}
	return names[r.IntN(len(names))]
}

// randomText is text that YAML and the substitution could take for something else.
func randomText(r *rand.Rand) string {
	pieces := []string{
		"a", "Ω", " ", "\n", "\t", "\"", "'", "\\", "#", " #", ": ", "- ", "{", "}", "[", "]", ",", "&a", "*a", "!t", "%", "@", "`",
		"${", "$${", "$", "}", "null", "~", "|", ">", "?", "---", "...", "\r", "\u0085", "\u2028", "\x01", "1", "true", "🙂",
	}
	var text string
	for range r.IntN(8) {
		text += pieces[r.IntN(len(pieces))]
	}
	if textValue.check(text) != nil {
		return ""
	}
	return text
}

func TestTheLibraryIsReadBack(t *testing.T) {
	for _, name := range Names() {
		s, err := Open(name, Options{})
		require.NoError(t, err)
		got, err := Parse("scenario.yaml", s.YAML(), Options{})
		require.NoError(t, err)
		assert.Equal(t, s, got)
	}
}

func TestYAML(t *testing.T) {
	s, err := Open("partition", Options{})
	require.NoError(t, err)
	golden(t, "../testdata/scenarios/partition.resolved.yaml", string(s.YAML()))
}

func TestTargetsAreWrittenByName(t *testing.T) {
	s, err := Parse("s.yaml", []byte(`
scenario: order
targets: {z: {embedded: }, a: {embedded: }, m: {embedded: }}
clients: {count: 1, endpoints: [{target: z}]}
`), Options{})
	require.NoError(t, err)
	assert.True(t, slices.IsSortedFunc(s.Targets, func(a, b Target) int { return int(a.Name[0]) - int(b.Name[0]) }))
}
