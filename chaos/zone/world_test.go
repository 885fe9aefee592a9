//go:build linux

package zone_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/chaos/zone"
	"github.com/wsheal/wsheal/internal/faultrig"
)

const listenEnv, controlEnv = "ZONE_TEST_LISTEN", "ZONE_TEST_CONTROL"

// TestMain is the targets too: the test binary starts itself as one.
func TestMain(m *testing.M) {
	if os.Getenv(listenEnv) == "" {
		os.Exit(m.Run())
	}
	o := target.Options{Listen: os.Getenv(listenEnv), Control: os.Getenv(controlEnv)}
	if err := target.Run(proc.WatchParent(context.Background()), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fault is the failure of a zone with blue and green in it.
func fault(how string, by chaos.Backend) chaos.Fault {
	z := chaos.Zone{Zone: "a", How: how}
	f := chaos.Fault{Name: "az", Share: 1, Seed: 7, By: chaos.ByParts, Effect: z}
	for _, on := range []string{"blue", "green"} {
		part := z.Part(f, on)
		part.By = by
		f.Parts = append(f.Parts, part)
	}
	return f
}

// by makes one injector the carrier of all parts.
func by(one chaos.Injector) *zone.Injector {
	return zone.NewInjector(func(chaos.Backend) chaos.Injector { return one })
}

// network is two targets behind one fault proxy.
func network(t *testing.T) (blue, green *faultrig.Rig, proxy chaos.Injector) {
	t.Helper()
	blue = faultrig.New(t)
	srv, err := target.New(target.Options{})
	require.NoError(t, err)
	green = &faultrig.Rig{T: t, Direct: faultrig.Serve(t, srv.Serve), Target: srv, Proxy: blue.Proxy}
	green.Addr, err = blue.Proxy.CreateProxy(t.Context(), "green", green.Direct)
	require.NoError(t, err)
	return blue, green, blue.Proxy
}

// processes is two targets that are processes of their own.
func processes(t *testing.T) (blue, green *faultrig.Rig, signals chaos.Injector) {
	t.Helper()
	one, other := process(t, "blue"), process(t, "green")
	blue = &faultrig.Rig{T: t, Addr: one.Addr(), Direct: one.Addr()}
	green = &faultrig.Rig{T: t, Addr: other.Addr(), Direct: other.Addr()}
	return blue, green, proc.NewInjector(map[string]*proc.Server{"blue": one, "green": other}, proc.Monotonic)
}

func process(t *testing.T, name string) *proc.Server {
	t.Helper()
	at := target.Hello{Listen: "127.0.0.1:0", Control: "127.0.0.1:0"}
	start := func(ctx context.Context) (*proc.Child, error) {
		c, err := proc.Start(ctx, proc.Spec{
			Name: "target " + name, Path: os.Args[0], Hello: time.Minute,
			Env: []string{"GORACE=atexit_sleep_ms=0", listenEnv + "=" + at.Listen, controlEnv + "=" + at.Control},
		})
		if err != nil {
			return nil, err
		}
		return c, json.Unmarshal(c.Hello, &at)
	}
	c, err := start(t.Context())
	require.NoError(t, err)
	s := proc.NewServer("target "+name, at.Listen, c, start)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}
