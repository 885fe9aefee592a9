package faultrig_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/internal/faultrig"
	"github.com/wsheal/wsheal/scenarios"
)

// goneLimit is what the product promises: so long after its driver was killed nothing of a
// fault is left.
const goneLimit = 3 * time.Second

// What the test binary is to be: a driver that puts one fault in force and waits, or a target.
const (
	driverEnv = "FAULTRIG_DRIVER" // its order, JSON
	targetEnv = "FAULTRIG_TARGET" // its options, JSON
)

func TestMain(m *testing.M) {
	switch order, options := os.Getenv(driverEnv), os.Getenv(targetEnv); {
	case options != "":
		os.Exit(told(beTarget(options)))
	case order != "":
		os.Exit(told(drive(order)))
	}
	os.Exit(m.Run())
}

func told(err error) int {
	if err == nil {
		return 0
	}
	fmt.Println(err)
	return 1
}

func beTarget(text string) error {
	var o target.Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	o.Clock = proc.Monotonic
	return target.Run(proc.WatchParent(context.Background()), o, os.Stdout)
}

// order is one fault to put in force on the target blue.
type order struct {
	Fault      chaos.Fault
	Kind       string
	Attributes json.RawMessage
}

// drive starts two targets as a run does, breaks one, says so, and waits to be killed.
func drive(text string) error {
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		o.Fault.Effect, err = chaos.DecodeEffect(o.Kind, o.Attributes)
	}
	if err != nil {
		return err
	}
	if o.Fault.By == chaos.ByKernel { // as a run does, it begins again in a namespace
		if !kernel.Inside() {
			_, err := kernel.Isolate(context.Background())
			return err
		}
		if err := kernel.Settle(); err != nil {
			return err
		}
	}
	servers, listens, controls := map[string]*proc.Server{}, map[string]string{}, map[string]string{}
	for _, name := range []string{"blue", "green"} {
		at, s, err := startTarget(name)
		if err != nil {
			return err
		}
		servers[name], listens[name], controls[name] = s, at.Listen, at.Control
	}
	by, ok := map[chaos.Backend]chaos.Injector{
		chaos.ByProcess: proc.NewInjector(servers, proc.Monotonic),
		chaos.ByTarget:  target.NewInjector(controls),
		chaos.ByKernel:  kernel.NewInjector(listens, proc.Monotonic),
	}[o.Fault.By]
	if !ok {
		return fmt.Errorf("nothing here carries out what is by %s", o.Fault.By)
	}
	if err := by.Inject(context.Background(), o.Fault); err != nil {
		return err
	}
	fmt.Println("in force")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startTarget starts a target with TLS, which faults of TLS need, and again where it was.
func startTarget(name string) (target.Hello, *proc.Server, error) {
	var at target.Hello
	start := func(ctx context.Context) (*proc.Child, error) {
		options, err := json.Marshal(target.Options{Listen: at.Listen, Control: at.Control, TLS: true})
		if err != nil {
			return nil, err
		}
		c, err := proc.Start(ctx, proc.Spec{
			Name: "target " + name, Path: os.Args[0], Hello: time.Minute, Env: []string{targetEnv + "=" + string(options)},
		})
		if err != nil {
			return nil, err
		}
		return c, json.Unmarshal(c.Hello, &at)
	}
	c, err := start(context.Background())
	if err != nil {
		return at, nil, err
	}
	s := proc.NewServer(name, at.Listen, c, start)
	s.Drains(func(ctx context.Context, code uint16) (int, error) { return target.Drain(ctx, at.Control, code) })
	return at, s, nil
}

// elsewhere is why backends end with their driver of which that is not held here.
var elsewhere = map[chaos.Backend]string{
	chaos.ByProxy:     "chaos/toxi holds it for each kind: a lease ends with its holder",
	chaos.ByToxiproxy: "what is there outlives everybody, and is written in the ledger: wsheal clear",
	"resolver":        "it is in the driver's own process",
	"clients":         "they are in the driver's own process",
	"parts":           "each of its parts is another's",
}

// TestFaultsEndWithTheirKilledDriver: of each kind, by each backend that is a process or a
// rule of the kernel, while it is in force. The targets go with the driver in whatever state
// they are, and with them what they had been told; the namespace goes with the last in it.
func TestFaultsEndWithTheirKilledDriver(t *testing.T) {
	here := []chaos.Backend{chaos.ByProcess, chaos.ByTarget, chaos.ByKernel}
	for _, k := range chaos.Kinds() {
		for _, s := range k.Backends {
			if !slices.Contains(here, s.By) {
				assert.Contains(t, elsewhere, s.By, "how does %s end when its driver is killed?", k.Name)
				continue
			}
			t.Run(fmt.Sprintf("%s by %s", k.Name, s.By), func(t *testing.T) {
				if why := kernel.Lacks(); s.By == chaos.ByKernel && why != "" {
					t.Skip(why)
				}
				t.Parallel()
				killed(t, example(t, k, s.By))
			})
		}
	}
}

// example is the fault that a kind's row shows, by a backend, for longer than the test.
func example(t *testing.T, k chaos.Kind, by chaos.Backend) chaos.Fault {
	t.Helper()
	secure := by == chaos.ByTarget // a process with TLS is not started again
	s, err := scenarios.Parse("example", []byte("scenario: example\n"+
		fmt.Sprintf("targets: {blue: {embedded: {handshake: {}, tls: %t}}, green: {embedded: {handshake: {}}}}\n", secure)+
		"clients: {count: 10, endpoints: [{target: blue}, {target: green}]}\nphases: {warmup: 1s, baseline: 1s, chaos: 60s, recovery: 60s}\nfaults:\n  - "+k.Example+"\n"), scenarios.Options{
		Set: []string{"faults.0.by=" + string(by), "faults.0.on=blue", "faults.0.share=100%"},
	})
	require.NoError(t, err)
	f := s.Faults[0].Fault
	if f.For > 0 {
		f.For = time.Minute
	}
	return f
}

// killed puts a fault in force, kills who did it, and holds that nothing is left.
func killed(t *testing.T, f chaos.Fault) {
	attributes, err := chaos.EncodeEffect(f.Effect)
	require.NoError(t, err)
	o := order{Fault: f, Kind: f.Effect.Kind(), Attributes: attributes}
	o.Fault.Effect = nil
	text, err := json.Marshal(o)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	mark := "FAULTRIG_MARK=" + t.Name() // whatever the driver starts has it, too
	cmd.Env = append(os.Environ(), driverEnv+"="+string(text), mark)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	if !assert.Equal(t, "in force\n", said, "%v", err) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return
	}
	assert.GreaterOrEqual(t, len(marked(t, mark)), 2, "the driver and a target at least")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	faultrig.Within(t, goneLimit, "nothing is left of it", func() bool { return len(marked(t, mark)) == 0 })
}

// marked are the processes that have a line in their environment.
func marked(t *testing.T, line string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	var found []string
	for _, path := range all {
		env, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			continue // somebody else's, or it has just ended
		}
		if slices.ContainsFunc(bytes.Split(env, []byte{0}), func(b []byte) bool { return string(b) == line }) {
			found = append(found, strings.Split(path, "/")[2])
		}
	}
	return found
}
