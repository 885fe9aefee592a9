package crowd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	play "github.com/wsheal/wsheal/internal/transcript"
	"github.com/wsheal/wsheal/pool/heal"
)

// Each file in testdata is one pool's life.
//
//	policy dials=4 eject=3     changes to the default; before the first event
//	list a b:1*3 c             endpoints, with priority and weight
//	+1s EVENT                  so much later, every tick in between served
//	+1s                        only that
//	repeat 3: A | B            three times A, then B; N stands for the number of the round
//	show                       the snapshot
//
// Events are "asked C [avoid KEY] [planned]", "withdrawn C", "opened C TOOK",
// "failed C CAUSE [CODE] [after D]", "proved C", "stable C",
// "lost C CAUSE [CODE] [early] [planned]" and "pong KEY TOOK". A client is
// where it was last admitted to, or as "C@KEY" says.
func TestTranscripts(t *testing.T) {
	play.Play(t, "testdata/*.txt", func(t *testing.T, out *strings.Builder) func(string) {
		tr := transcript{t: t, at: map[int]uint8{}, out: out}
		return tr.do
	})
}

type transcript struct {
	t      *testing.T
	policy Policy
	w      *world
	at     map[int]uint8 // where each client was last admitted to
	out    *strings.Builder
}

func (tr *transcript) do(line string) {
	words := strings.Fields(line)
	switch {
	case words[0] == "policy":
		for _, change := range words[1:] {
			tr.change(change)
		}
	case words[0] == "list":
		if tr.w == nil {
			tr.w = newWorld(tr.t, tr.policy)
		}
		var list []Endpoint
		for _, word := range words[1:] {
			key, weight, _ := strings.Cut(word, "*")
			e := named(key)[0]
			if weight != "" {
				e.Weight = tr.number(weight)
			}
			list = append(list, e)
		}
		tr.write(tr.w.list(list...))
	case words[0] == "repeat":
		head, body, _ := strings.Cut(line, ":")
		for round := range tr.number(strings.Fields(head)[1]) {
			for part := range strings.SplitSeq(body, "|") {
				part = strings.ReplaceAll(strings.TrimSpace(part), "N", strconv.Itoa(round))
				fmt.Fprintf(tr.out, "  %s\n", part)
				tr.do(part)
			}
		}
	case words[0] == "show":
		tr.show()
	default:
		tr.happen(words)
	}
}

func (tr *transcript) change(change string) {
	key, value, _ := strings.Cut(change, "=")
	p := &tr.policy
	switch key {
	case "dials":
		p.EndpointDials = tr.number(value)
	case "eject":
		p.EjectAfter = tr.number(value)
	case "budget":
		p.Budget = float64(tr.number(value))
	case "lease":
		p.ProbeLease = tr.duration(value)
	default:
		tr.t.Fatalf("no change %q", change)
	}
}

// happen lets one event happen and writes down what came of it. The ticks before it have
// lines of their own.
func (tr *transcript) happen(words []string) {
	w := tr.w
	if strings.HasPrefix(words[0], "+") {
		for until := w.now.Add(tr.duration(words[0][1:])); ; {
			if w.armed > until {
				w.now = until
				break
			}
			w.now = max(w.now, w.armed)
			if acts := w.step(Event{Kind: Ticked}); len(acts) > 0 {
				fmt.Fprintf(tr.out, "  %v tick\n", time.Duration(w.now))
				tr.write(acts)
			}
		}
		words = words[1:]
	}
	switch {
	case len(words) == 0:
	case words[0] == "show":
		tr.show()
	default:
		tr.write(w.step(tr.event(words)))
	}
}

func (tr *transcript) event(words []string) Event {
	if words[0] == "pong" {
		return Event{Kind: Answered, Endpoint: tr.w.index(words[1]), Took: tr.duration(words[2])}
	}
	kind, ok := ParseEventKind(words[0])
	require.True(tr.t, ok, "event %q", words[0])
	client, key, at := strings.Cut(words[1], "@")
	ev := Event{Kind: kind, Client: tr.number(client), Avoid: -1}
	ev.Endpoint = tr.at[ev.Client]
	if at {
		ev.Endpoint = tr.w.index(key)
	}
	for i := 2; i < len(words); i++ {
		cause, isCause := heal.ParseCause(words[i])
		switch {
		case words[i] == "avoid":
			i++
			ev.Avoid = int16(tr.w.index(words[i]))
		case words[i] == "planned":
			ev.Planned = true
		case words[i] == "early":
			ev.Early = true
		case words[i] == "after":
			i++
			ev.RetryAfter = tr.duration(words[i])
		case isCause:
			ev.Cause = cause
		case kind == Opened:
			ev.Took = tr.duration(words[i])
		default:
			ev.Code = uint16(tr.number(words[i]))
		}
	}
	return ev
}

func (tr *transcript) write(acts []Action) {
	keys := tr.w.keys
	for _, a := range slices.Clone(acts) {
		tr.out.WriteString("    ")
		switch a.Kind {
		case Admit:
			tr.at[a.Client] = a.Endpoint
			fmt.Fprintf(tr.out, "admit %d to %s\n", a.Client, keys[a.Endpoint])
		case Arm:
			fmt.Fprintf(tr.out, "arm %v\n", time.Duration(a.At))
		case Scatter:
			if a.Client >= 0 {
				fmt.Fprintf(tr.out, "scatter %d alone within %v\n", a.Client, a.Within)
				continue
			}
			fmt.Fprintf(tr.out, "scatter %d within %v\n", a.N, a.Within)
		case Shed:
			fmt.Fprintf(tr.out, "shed %d from %s\n", a.N, keys[a.Endpoint])
		case Report:
			if a.Notice == HealthChanged {
				fmt.Fprintf(tr.out, "report %s %v\n", keys[a.Endpoint], a.Health)
			} else {
				fmt.Fprintf(tr.out, "report %v\n", a.Notice)
			}
		}
	}
}

func (tr *transcript) show() {
	s := tr.w.c.Snapshot()
	fmt.Fprintf(tr.out, "  %v asking %d, dialing %d, budget %v, storm %v, panic %v\n", time.Duration(tr.w.now), s.Asking, s.Dialing, s.Budget, s.Storm, s.Panic)
	for _, e := range s.Endpoints {
		fmt.Fprintf(tr.out, "  %s %v, %d connections, %d dialing, limit %.2f", e.Key, e.Health, e.Connections, e.Dialing, e.Limit)
		if e.Health == Ejected {
			fmt.Fprintf(tr.out, ", until %v", time.Duration(e.Until))
		}
		tr.out.WriteString("\n")
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

// TestTranscriptsCoverThePicture: every edge of doc.go's picture is walked in some
// transcript, and no other is anywhere.
func TestTranscriptsCoverThePicture(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	walked := map[Health]map[Health]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		now := map[string]Health{}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if !strings.HasPrefix(line, "    report") || len(words) != 3 {
				continue
			}
			to := slices.Index(healthNames, words[2])
			if to < 0 {
				continue
			}
			from, known := now[words[1]]
			now[words[1]] = Health(to)
			if !known {
				continue
			}
			if walked[from] == nil {
				walked[from] = map[Health]bool{}
			}
			walked[from][Health(to)] = true
		}
	}
	assert.Equal(t, edges, walked)
}
