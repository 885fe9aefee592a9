//go:build linux

package proc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// proofs are what proves each kind that processes are listed for: one call of Prove for
// each effect, and one of Idle. A kind's own test file adds it here from init.
var proofs = map[string]proof{}

type proof struct {
	sees []faultrig.Case
	idle faultrig.Case
}

func TestEveryKindIsProved(t *testing.T) {
	var listed []string
	for _, k := range chaos.KindsOf(chaos.ByProcess) {
		listed = append(listed, k.Name)
		assert.Contains(t, proofs, k.Name, "the table lists processes for %s: prove it", k.Name)
	}
	assert.ElementsMatch(t, proc.Kinds(), listed, "what is listed is carried out, and the other way round")
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, p.sees)
			for _, c := range p.sees {
				t.Run(c.String(), func(t *testing.T) {
					rig, by, _ := process(t)
					c.By, c.Fault.Share = by, 1
					rig.Prove(c)
				})
			}
			t.Run("idle", func(t *testing.T) {
				rig, by, _ := process(t)
				p.idle.By, p.idle.Fault.Share = by, 1
				rig.Idle(p.idle)
			})
		})
	}
}

// process is a rig whose target is a process of its own.
func process(t *testing.T) (*faultrig.Rig, *proc.Injector, *proc.Server) {
	t.Helper()
	s := newServer(t)
	rig := &faultrig.Rig{T: t, Addr: s.Addr(), Direct: s.Addr()}
	return rig, proc.NewInjector(map[string]*proc.Server{"blue": s}, proc.Monotonic), s
}

// newServer starts this test binary as an echo server, and again at the same addresses.
func newServer(t *testing.T) *proc.Server {
	t.Helper()
	var at target.Hello
	start := func(ctx context.Context) (*proc.Child, error) {
		exe, err := os.Executable()
		require.NoError(t, err)
		c, err := proc.Start(ctx, proc.Spec{
			Name: "target blue", Path: exe, Hello: time.Minute,
			Env: []string{
				"PROC_TEST_MODE=target", "GORACE=atexit_sleep_ms=0",
				"PROC_TEST_LISTEN=" + at.Listen, "PROC_TEST_CONTROL=" + at.Control,
			},
		})
		if err != nil {
			return nil, err
		}
		return c, json.Unmarshal(c.Hello, &at)
	}
	c, err := start(t.Context())
	require.NoError(t, err)
	s := proc.NewServer("target blue", at.Listen, c, start)
	s.Drains(func(ctx context.Context, code uint16) (int, error) { return target.Drain(ctx, at.Control, code) })
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

func init() {
	again := chaos.Pause{Stop: 400 * time.Millisecond, Every: 600 * time.Millisecond}
	proofs["pause"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Pause{}}},
			{Fault: chaos.Fault{Effect: again}, Slow: 100 * time.Millisecond, Act: untilSlow},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Pause{}}},
	}
	starved := chaos.SlowServer{Runs: 0.1, Period: 500 * time.Millisecond}
	proofs["slow_server"] = proof{
		sees: []faultrig.Case{{Fault: chaos.Fault{Effect: starved}, Slow: 100 * time.Millisecond, Act: untilSlow}},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: starved}},
	}
	restart := func(drain string) chaos.Fault {
		return chaos.Fault{Effect: chaos.RollingRestart{Drain: drain, Grace: 5 * time.Second}}
	}
	proofs["rolling_restart"] = proof{
		sees: []faultrig.Case{
			{Fault: restart(chaos.DrainNone)},
			{Fault: restart(chaos.DrainTerm)},
			{Fault: restart(chaos.Drain1001), Act: untilClosed(1001)},
			{Fault: restart(chaos.Drain1012), Act: untilClosed(1012)},
		},
		idle: faultrig.Case{Fault: restart(chaos.Drain1012)},
	}
	proofs["kill"] = proof{
		sees: []faultrig.Case{{Fault: chaos.Fault{Effect: chaos.Kill{}}}},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Kill{}}},
	}
}

// untilSlow asks until an answer is late, as one must be that falls into a pause.
func untilSlow(x *faultrig.Client) chaos.Sight {
	for range 100_000 {
		if saw := x.Look(100*time.Millisecond, false); saw != chaos.SeesNothing {
			return saw
		}
	}
	return chaos.SeesNothing
}

// untilClosed reads until a close frame of a code comes.
func untilClosed(code ws.StatusCode) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		_ = x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience))
		h, err := ws.ReadHeader(x)
		if err != nil {
			return faultrig.Sight(err)
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(x, body); err != nil {
			return faultrig.Sight(err)
		}
		if got, _ := ws.ParseCloseFrameData(body); h.OpCode != ws.OpClose || got != code {
			return chaos.Sight(fmt.Sprintf("frame %d with code %d", h.OpCode, got))
		}
		return chaos.SeesCloseFrame
	}
}
