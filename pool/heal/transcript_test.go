package heal

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	play "github.com/wsheal/wsheal/internal/transcript"
)

// Each file in testdata is one client's life.
//
//	client 7                  key of its draws, with seed 42; before the first event
//	policy default first=...  as policyLike has it, with changes; before the first event
//	endpoints 0:3 0:1 1:1     priority:weight each; before the first event
//	at 1s EVENT               move the clock and let it happen
//	+1s EVENT                 the same, so much later
//	due                       serve the timer in force, when it is due or, if that is over, now
//	repeat 3: A | B           three times A, then B
//	reach PHASE               all goes well until then; what happens on the way is not told
//	busy                      all arrives that can, just before the timer in force is due
//
// Events are start, opened, "proved [rtt D]", close, "failed CAUSE [CODE]", "lost CAUSE
// [CODE]", "admitted [to N]", disproved, checked, move and "scatter D". An end may go on
// "after D", "within D" and "verdict V". Events are of the current generation, of the usable
// connection with "live", or of the one in "gen N". "timer N" serves any timer. What is no
// event for heal is only noted: byte, write, drained, heard (a ping of the server), clog
// (pings wait for their turn), unclog, and "path P".
func TestTranscripts(t *testing.T) {
	seen := map[edge]bool{}
	all := play.Play(t, "testdata/*.txt", func(t *testing.T, out *strings.Builder) func(string) {
		tr := transcript{t: t, policy: policyLike("default"), client: 7, seen: seen, out: out}
		return tr.do
	})
	if all { // not only some of them
		for _, e := range missing(seen) {
			t.Errorf("no transcript goes from %v by %v to %v", e.from, e.by, e.to)
		}
	}
}

type transcript struct {
	t      *testing.T
	policy Policy
	client uint64
	seen   map[edge]bool
	w      *world
	out    *strings.Builder
}

// do one line.
func (tr *transcript) do(line string) {
	words := strings.Fields(line)
	switch {
	case words[0] == "client":
		tr.client = uint64(tr.number(words[1]))
	case words[0] == "policy":
		tr.policy = policyLike(words[1])
		for _, change := range words[2:] {
			tr.change(change)
		}
	case words[0] == "endpoints":
		for _, word := range words[1:] {
			priority, weight, _ := strings.Cut(word, ":")
			tr.policy.Endpoints = append(tr.policy.Endpoints, Endpoint{tr.number(priority), tr.number(weight)})
		}
	case words[0] == "reach":
		phase, ok := ParsePhase(strings.Join(words[1:], " "))
		require.True(tr.t, ok, line)
		w := tr.begin()
		w.reach(phase)
		fmt.Fprintf(tr.out, "  %v %v, generation %d\n", time.Duration(w.now), phase, w.s.Gen)
	case words[0] == "busy":
		tr.w.busy()
	case words[0] == "repeat":
		head, body, _ := strings.Cut(line, ":")
		for range tr.number(strings.Fields(head)[1]) {
			for part := range strings.SplitSeq(body, "|") {
				part = strings.TrimSpace(part)
				fmt.Fprintf(tr.out, "  %s\n", part)
				tr.do(part)
			}
		}
	default:
		tr.happen(words)
	}
}

func (tr *transcript) change(change string) {
	key, value, _ := strings.Cut(change, "=")
	switch key {
	case "reset":
		var ok bool
		tr.policy.ResetOn, ok = ParseResetOn(value)
		require.True(tr.t, ok, change)
	case "spread":
		tr.policy.First = First{Spread, tr.duration(value)}
	case "stable":
		tr.policy.StableAfter = tr.duration(value)
	case "first":
		rule, ok := ParseFirstRule(value)
		require.True(tr.t, ok, change)
		tr.policy.First = First{Rule: rule}
	case "timeout_min":
		tr.policy.PingTimeoutMin = tr.duration(value)
	case "expect":
		tr.policy.ExpectPing = tr.duration(value)
	case "stall":
		tr.policy.WriteStall = tr.duration(value)
	case "check":
		tr.policy.CheckEvery = tr.duration(value)
	case "lifetime":
		tr.policy.Lifetime = tr.duration(value)
	case "shared":
		tr.policy.Shared = true
	case "refreshable":
		tr.policy.Refreshable = true
	case "heed":
		tr.policy.Heed = value == "true"
	case "rule": // rule=CAUSE:CODE-CODE:VERDICT
		parts := strings.Split(value, ":")
		var rule Rule
		var known, sane bool
		rule.Cause, known = ParseCause(parts[0])
		rule.Verdict, sane = ParseVerdict(parts[len(parts)-1])
		require.True(tr.t, known && sane, change)
		if len(parts) == 3 {
			from, to, _ := strings.Cut(parts[1], "-")
			rule.From, rule.To = uint16(tr.number(from)), uint16(tr.number(to))
		}
		tr.policy.Rules = append(tr.policy.Rules, rule)
	default:
		tr.t.Fatalf("no change %q", change)
	}
}

// begin makes the world, at the first event.
func (tr *transcript) begin() *world {
	if tr.w == nil {
		tr.w = newWorld(tr.t, tr.policy)
		tr.w.r.Client = tr.client
	}
	return tr.w
}

// happen lets one event happen and writes down what came of it.
func (tr *transcript) happen(words []string) {
	w := tr.begin()
	switch {
	case words[0] == "due":
		require.True(tr.t, w.armed, "no timer is in force")
		w.now = max(w.now, w.due)
		words = []string{"timer", fmt.Sprint(w.timer)}
	case words[0] == "at":
		at := Instant(tr.duration(words[1]))
		require.GreaterOrEqual(tr.t, at, w.now, "time runs forward")
		w.now, words = at, words[2:]
	default:
		w.pass(tr.duration(words[0]))
		words = words[1:]
	}
	if tr.note(words) {
		return
	}
	before := w.s
	ev := tr.event(words)
	orders := w.step(ev)
	if before.Phase != w.s.Phase {
		tr.seen[edge{before.Phase, ev.Kind, w.s.Phase}] = true
	}
	tr.write(before, orders)
}

// note takes in what is no event for heal.
func (tr *transcript) note(words []string) bool {
	w := tr.w
	switch words[0] {
	case "byte":
		w.byteAt(w.now)
	case "write":
		w.writes()
	case "drained":
		w.drains()
	case "heard":
		w.live().evidence.Heard = w.now
	case "clog":
		w.clog()
	case "unclog":
		w.unclog()
	case "path":
		path, ok := ParsePath(words[1])
		require.True(tr.t, ok, "path %q", words[1])
		w.live().evidence.Path = path
	default:
		return false
	}
	return true
}

func (tr *transcript) event(words []string) Event {
	kind, ok := ParseEventKind(words[0])
	require.True(tr.t, ok, "event %q", words[0])
	if kind == TimerFired {
		return tr.w.timerEvent(uint32(tr.number(words[1])))
	}
	ev := Event{Kind: kind, Gen: tr.w.s.Gen}
	if kind == Checked {
		ev.Gen = tr.w.s.Live
	}
	for i := 1; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		cause, isCause := ParseCause(words[i])
		switch words[i] {
		case "live":
			ev.Gen = tr.w.s.Live
			continue
		case "gen":
			ev.Gen = uint32(tr.number(value))
		case "to":
			ev.Endpoint = uint8(tr.number(value))
		case "after":
			ev.RetryAfter = tr.duration(value)
		case "within":
			ev.Within = tr.duration(value)
		case "rtt":
			ev.RTT = tr.duration(value)
		case "verdict":
			ev.Verdict, ok = ParseVerdict(value)
			require.True(tr.t, ok, "verdict %q", value)
		default:
			switch {
			case isCause:
				ev.Cause = cause
			case kind == Scatter:
				ev.Within = tr.duration(words[i])
			default:
				ev.Code = uint16(tr.number(words[i]))
			}
			continue
		}
		i++
	}
	return ev
}

// write shows a step: the time, where the client was and is, what changed in the
// numbers that matter, and the orders.
func (tr *transcript) write(before State, orders []Action) {
	s := tr.w.s
	out := func(format string, args ...any) { fmt.Fprintf(tr.out, "  "+format, args...) }
	if s == before && len(orders) == 0 {
		out("%v %v: nothing\n", time.Duration(tr.w.now), s.Phase)
		return
	}
	out("%v %v -> %v", time.Duration(tr.w.now), before.Phase, s.Phase)
	if s.Attempt != before.Attempt {
		fmt.Fprintf(tr.out, ", attempt %d", s.Attempt)
	}
	if s.Cause != before.Cause {
		fmt.Fprintf(tr.out, ", cause %v", s.Cause)
	}
	if s.Phase == Waiting {
		fmt.Fprintf(tr.out, ", delay %v", s.Delay)
	}
	if s.Pings != before.Pings {
		fmt.Fprintf(tr.out, ", silence %v", s.Silence(&tr.w.p, tr.w.r))
	}
	if s.SRTT != before.SRTT || s.RTTVar != before.RTTVar {
		fmt.Fprintf(tr.out, ", pong within %v", tr.w.p.PongTimeout(&s))
	}
	if s.is(wanted) && (!before.is(wanted) || s.MoveAt != before.MoveAt) {
		fmt.Fprintf(tr.out, ", move at %v", time.Duration(s.MoveAt)*time.Millisecond)
	}
	tr.out.WriteString("\n")
	for _, o := range orders {
		switch o.Kind {
		case Arm:
			out("  arm %d for %v\n", o.Timer, time.Duration(o.At))
		case Dial:
			out("  dial %d to endpoint %d%s\n", o.Gen, o.Endpoint, fresh(o))
		case Ask:
			avoid := ""
			if o.Avoid {
				avoid = fmt.Sprintf(", not for endpoint %d", o.Endpoint)
			}
			out("  ask%s%s\n", avoid, fresh(o))
		case Shut, Drain:
			out("  %v %d with %d\n", o.Kind, o.Gen, o.Code)
		default:
			out("  %v %d\n", o.Kind, o.Gen)
		}
	}
}

func fresh(o Action) string {
	if o.Fresh {
		return ", with fresh credentials"
	}
	return ""
}

func (tr *transcript) duration(word string) time.Duration {
	d, err := time.ParseDuration(word)
	require.NoError(tr.t, err)
	return d
}

func (tr *transcript) number(word string) int {
	n, err := strconv.Atoi(word)
	require.NoError(tr.t, err)
	return n
}
