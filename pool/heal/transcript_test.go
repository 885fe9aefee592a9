package heal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// Each file in testdata is one client's life. Lines that are not indented are what
// happens, those below are what heal makes of it; -update writes them anew: read the
// diff, and commit what you understand.
//
//	client 7                  key of its draws, with seed 42; before the first event
//	policy default first=...  as policyLike has it, with changes; before the first event
//	endpoints 0:3 0:1 1:1     priority:weight each; before the first event
//	at 1s EVENT               move the clock and let it happen
//	+1s EVENT                 the same, so much later
//	due                       serve the timer in force, when it is due or, if that is over, now
//	repeat 3: A | B           three times A, then B
//
// Events are start, opened, proved, byte, close, "failed CAUSE [CODE] [after D]" and
// "lost CAUSE [CODE]". They are of the current generation, or of the one in "gen N" at
// the end. "timer N" serves any timer. A byte is no event for heal: it is only noted.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			tr := transcript{t: t, policy: policyLike("default"), client: 7}
			for line := range strings.Lines(string(text)) {
				if !strings.HasPrefix(line, " ") {
					tr.out.WriteString(line)
					tr.do(strings.TrimSpace(line))
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(tr.out.String()), 0o644))
				return
			}
			assert.Equal(t, string(text), tr.out.String(), "if it is meant: go test ./pool/heal -run Transcripts -update")
		})
	}
}

type transcript struct {
	t      *testing.T
	policy Policy
	client uint64
	w      *world
	out    strings.Builder
}

// do one line.
func (tr *transcript) do(line string) {
	words := strings.Fields(line)
	switch {
	case line == "" || line[0] == '#':
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
	case words[0] == "repeat":
		head, body, _ := strings.Cut(line, ":")
		for range tr.number(strings.Fields(head)[1]) {
			for part := range strings.SplitSeq(body, "|") {
				part = strings.TrimSpace(part)
				fmt.Fprintf(&tr.out, "  %s\n", part)
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
	default:
		tr.t.Fatalf("no change %q", change)
	}
}

// happen lets one event happen and writes down what came of it.
func (tr *transcript) happen(words []string) {
	if tr.w == nil {
		tr.w = newWorld(tr.t, tr.policy)
		tr.w.r.Client = tr.client
	}
	w := tr.w
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
	if words[0] == "byte" {
		w.byteAt(w.now)
		return
	}
	before := w.s
	orders := w.step(tr.event(words))
	tr.write(before, orders)
}

func (tr *transcript) event(words []string) Event {
	kind, ok := ParseEventKind(words[0])
	require.True(tr.t, ok, "event %q", words[0])
	ev := Event{Kind: kind, Gen: tr.w.s.Gen, Inbound: tr.w.last}
	for i := 1; i < len(words); i++ {
		cause, isCause := ParseCause(words[i])
		switch {
		case kind == TimerFired:
			ev.Timer = uint32(tr.number(words[i]))
		case words[i] == "gen":
			i++
			ev.Gen = uint32(tr.number(words[i]))
		case words[i] == "after":
			i++
			ev.RetryAfter = tr.duration(words[i])
		case isCause:
			ev.Cause = cause
		default:
			ev.Code = uint16(tr.number(words[i]))
		}
	}
	return ev
}

// write shows a step: the time, where the client was and is, what changed in the
// numbers that matter, and the orders.
func (tr *transcript) write(before State, orders []Action) {
	s := tr.w.s
	out := func(format string, args ...any) { fmt.Fprintf(&tr.out, "  "+format, args...) }
	if s == before && len(orders) == 0 {
		out("%v %v: nothing\n", time.Duration(tr.w.now), s.Phase)
		return
	}
	out("%v %v -> %v", time.Duration(tr.w.now), before.Phase, s.Phase)
	if s.Attempt != before.Attempt {
		fmt.Fprintf(&tr.out, ", attempt %d", s.Attempt)
	}
	if s.Cause != before.Cause {
		fmt.Fprintf(&tr.out, ", cause %v", s.Cause)
	}
	if s.Phase == Waiting {
		fmt.Fprintf(&tr.out, ", delay %v", s.Delay)
	}
	if s.Pings != before.Pings {
		fmt.Fprintf(&tr.out, ", silence %v", s.Silence(&tr.w.p, tr.w.r))
	}
	tr.out.WriteString("\n")
	for _, o := range orders {
		switch o.Kind {
		case Arm:
			out("  arm %d for %v\n", o.Timer, time.Duration(o.At))
		case Dial:
			out("  dial %d to endpoint %d\n", o.Gen, o.Endpoint)
		case Shut:
			out("  shut %d with %d\n", o.Gen, o.Code)
		default:
			out("  %v %d\n", o.Kind, o.Gen)
		}
	}
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
