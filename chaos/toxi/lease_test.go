package toxi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/faultrig"
	"github.com/wsheal/wsheal/scenarios"
)

// drivenEnv makes the test binary a driver that injects one fault and then waits; its
// value is an order.
const drivenEnv = "TOXI_TEST_DRIVER"

// driven is what such a driver is to do.
type driven struct {
	Control    string
	Fault      chaos.Fault
	Kind       string
	Attributes json.RawMessage
}

func init() {
	if text := os.Getenv(drivenEnv); text != "" {
		if err := drive(text); err != nil {
			fmt.Println(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}
}

func drive(text string) error {
	var o driven
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	var err error
	if o.Fault.Effect, err = chaos.DecodeEffect(o.Kind, o.Attributes); err != nil {
		return err
	}
	d, err := toxi.NewDriver(o.Control)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.Inject(ctx, o.Fault); err != nil {
		return err
	}
	fmt.Println("in force")
	return nil
}

// example is the fault that a kind's row shows.
func example(t *testing.T, k chaos.Kind) chaos.Fault {
	t.Helper()
	s, err := scenarios.Parse("example", []byte("scenario: example\ntargets: {blue: {embedded: {handshake: {}}}}\nclients: {count: 10}\n"+
		"phases: {warmup: 1s, baseline: 1s, chaos: 60s, recovery: 60s}\nfaults:\n  - "+k.Example+"\n"), scenarios.Options{
		Set: []string{"faults.0.by=proxy"},
	})
	require.NoError(t, err)
	f := s.Faults[0].Fault
	f.For = 0 // it would end by itself
	return f
}

// A driver that is killed takes its faults with it, whatever they are.
func TestFaultsEndWithTheirDriver(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByProxy) {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			f := example(t, k)
			attributes, err := chaos.EncodeEffect(f.Effect)
			require.NoError(t, err)
			order := driven{Control: r.control, Fault: f, Kind: k.Name, Attributes: attributes}
			order.Fault.Effect = nil
			text, err := json.Marshal(order)
			require.NoError(t, err)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), drivenEnv+"="+string(text))
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			defer stdin.Close()
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			said, err := bufio.NewReader(out).ReadString('\n')
			assert.Equal(t, "in force\n", said, "%v", err)
			if !k.Once {
				assert.Zero(t, r.evidence(f.Name).Cleared, "its driver lives")
			}
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			faultrig.Within(t, 3*time.Second, "it ends after its driver was killed", func() bool { return r.evidence(f.Name).Cleared != 0 })
			p := r.stockProxy()
			assert.Empty(t, p.ActiveToxics)
		})
	}
}

// A driver that is closed does the same; what others have injected, and what was posted
// without a lease, stays.
func TestLeases(t *testing.T) {
	r := newRig(t)
	other, err := toxi.NewDriver(r.control)
	require.NoError(t, err)
	split := chaos.Fault{Name: "theirs", On: "blue", Share: 1, Effect: chaos.Partition{}}
	require.NoError(t, other.Inject(t.Context(), split))
	split.Name = "ours"
	r.inject(split)
	_, err = r.stockProxy().AddToxic("posted", "partition", "", 1, stockclient.Attributes{})
	require.NoError(t, err)
	_, err = r.stockProxy().AddToxic("x", "partition", "", 1, stockclient.Attributes{"lease": "99"})
	require.EqualError(t, err, `AddToxic: HTTP 400: bad request body: attribute "lease": nobody holds "99"`)

	require.NoError(t, other.Clear(t.Context(), "ours"), "whose fault it is does not matter")
	r.inject(chaos.Fault{Name: "again", Share: 1, Effect: chaos.Partition{}})
	other.Close()
	r.until("theirs ends", func() bool { return r.evidence("theirs").Cleared != 0 })
	var names []string
	for _, toxic := range r.stockProxy().ActiveToxics {
		names = append(names, toxic.Name)
	}
	assert.ElementsMatch(t, []string{"posted", "again"}, names)

	require.NoError(t, other.Inject(t.Context(), chaos.Fault{Name: "new", On: "blue", Share: 1, Effect: chaos.Partition{}}), "it takes another lease")
	other.Close()
	r.until("that ends, too", func() bool { return r.evidence("new").Cleared != 0 })
}

// A lease that cannot be had is no reason to wait.
func TestLeaseOfNobody(t *testing.T) {
	d, err := toxi.NewDriver("127.0.0.1:1")
	require.NoError(t, err)
	defer d.Close()
	err = d.Inject(t.Context(), chaos.Fault{Name: "f", On: "blue", Share: 1, Effect: chaos.Partition{}})
	require.ErrorContains(t, err, `inject "f" on "blue": lease: `)
	assert.True(t, strings.Contains(err.Error(), "refused"), err.Error())
}
