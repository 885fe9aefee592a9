package workload

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wsheal/wsheal/bench/cost/client"
	"github.com/wsheal/wsheal/bench/cost/server"
	"github.com/wsheal/wsheal/chaos/proc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// job is a small job over a server in this process.
func job(t *testing.T, workload, name string) Job {
	t.Helper()
	s, err := server.Listen()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return Job{
		Workload: workload, Client: name, Conns: 8, InFlight: 4, Window: 20 * time.Millisecond,
		Server: server.Hello{URLs: s.URLs, Control: s.Control, Pid: os.Getpid()},
	}
}

func TestEveryClientDoesEveryWorkload(t *testing.T) {
	units := map[string]string{"idle": "rss-B/conn", "echo": "us-CPU/msg", "burst": "msgs/CPU-s", "reconnect": "ms-usable"}
	require.Len(t, units, len(workloads))
	for workload, unit := range units {
		for _, name := range client.Names() {
			t.Run(workload+"/"+name, func(t *testing.T) {
				result, err := Do(t.Context(), job(t, workload, name))
				require.NoError(t, err)
				assert.Equal(t, unit, result.Units[0])
				assert.Len(t, result.Values, len(result.Units))
				if workload != "idle" { // eight connections weigh nothing that could be told from noise
					for u, v := range result.Values {
						if u == "allocs/msg" { // the bare clients can do without
							continue
						}
						assert.Positive(t, v, u)
					}
				}
				if workload == "reconnect" {
					assert.LessOrEqual(t, result.Values["ms-open"], result.Values["ms-usable"])
				}
			})
		}
	}
}

// A connection that answers with something else has not done the work.
func TestWrongAnswersFail(t *testing.T) {
	r := &run{Job: job(t, "echo", "gobwas"), client: twice{}}
	_, err := exchange(t.Context(), r, 1)
	require.NoError(t, err)
	assert.ErrorContains(t, *r.failure.Load(), "received 128 bytes, expected 64")
}

// twice is a client whose answers are twice as long.
type twice struct{}

type twiceConns struct{ o client.Options }

func (twice) Open(_ context.Context, o client.Options) (client.Conns, error) {
	return &twiceConns{o}, nil
}

func (c *twiceConns) Send(conn int, messages ...[]byte) error {
	go func() { // a round trip takes a while
		time.AfterFunc(time.Millisecond, func() { c.o.Received(conn, append(messages[0], messages[0]...)) })
	}()
	return nil
}

func (c *twiceConns) Close(context.Context) error { return nil }

// A connection is back when the server has it, whatever its client says.
func TestComingBackIsCounted(t *testing.T) {
	r := &run{Job: job(t, "reconnect", "gobwas"), client: pretender{}}
	_, err := reconnect(t.Context(), r)
	require.NoError(t, r.conns.Close(t.Context()))
	require.ErrorContains(t, err, "the server has 0 connections, expected 8")
}

// pretender is a client that takes a lost connection for one that is back.
type pretender struct{}

type pretenderConns struct {
	conns []net.Conn
	work  sync.WaitGroup
}

func (pretender) Open(ctx context.Context, o client.Options) (client.Conns, error) {
	p := &pretenderConns{}
	for i := range o.Conns {
		c, _, _, err := ws.Dial(ctx, o.URLs[0])
		if err != nil {
			return nil, err
		}
		p.conns = append(p.conns, c)
		o.Opened(i)
		o.Usable(i)
		p.work.Go(func() {
			_, _ = c.Read(make([]byte, 1))
			o.Opened(i)
			o.Usable(i)
		})
	}
	return p, nil
}

func (p *pretenderConns) Send(int, ...[]byte) error { return nil }

func (p *pretenderConns) Close(context.Context) error {
	for _, c := range p.conns {
		c.Close()
	}
	p.work.Wait()
	return nil
}

func TestFailuresAreTold(t *testing.T) {
	j := job(t, "echo", "gobwas")
	j.Server.URLs = []string{"ws://127.0.0.1:1/"}
	_, err := Do(t.Context(), j)
	require.ErrorContains(t, err, "echo of gobwas")
	require.ErrorContains(t, err, "refused")

	_, err = Do(t.Context(), Job{Workload: "echo", Client: "nobody"})
	require.ErrorContains(t, err, "client nobody: expected one of")
	_, err = Do(t.Context(), Job{Workload: "nothing", Client: "gobwas"})
	require.ErrorContains(t, err, "workload nothing")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for workload := range workloads {
		j := job(t, workload, "fleet")
		_, err := Do(ctx, j)
		assert.ErrorIs(t, err, context.Canceled, workload)
	}
}

func TestProfiles(t *testing.T) {
	for workload, files := range map[string][]string{"idle": {"heap", "goroutine"}, "echo": {"cpu"}} {
		j := job(t, workload, "fleet")
		j.Profile = filepath.Join(t.TempDir(), workload)
		_, err := Do(t.Context(), j)
		require.NoError(t, err)
		for _, f := range files {
			info, err := os.Stat(j.Profile + "." + f + ".pprof")
			require.NoError(t, err)
			assert.Positive(t, info.Size())
		}
	}
}

func TestWhatIsForeign(t *testing.T) {
	at := time.Now()
	began := reading{at: at, cpu: time.Second, server: time.Second, machine: proc.CPUTimes{Total: 100, Idle: 50, Steal: 1}}
	// Two seconds on two CPUs: 4 s, of which 1 idle, 0.4 stolen, 1.5 ours, 0.7 the server's, 0.4 nobody's.
	ended := reading{at: at.Add(2 * time.Second), cpu: 2500 * time.Millisecond, server: 1700 * time.Millisecond, machine: proc.CPUTimes{Total: 104, Idle: 51, Steal: 1.4}}
	s := began.until(ended)
	assert.Equal(t, 2*time.Second, s.wall)
	assert.Equal(t, 1500*time.Millisecond, s.cpu)
	assert.InDelta(t, 0.1, s.foreign, 1e-9)
	assert.InDelta(t, 0.1, s.steal, 1e-9)
	assert.Zero(t, began.until(began).foreign)
}

func TestParseProc(t *testing.T) {
	cpu, err := parseCPU([]byte("42 (a (b) c) S 1 42 42 0 -1 4194304 5 6 7 8 150 50 9 10 20 0 1 0\n"))
	require.NoError(t, err)
	assert.Equal(t, 2*time.Second, cpu)
	_, err = parseCPU([]byte("42 (a) S 1"))
	require.Error(t, err)

	n, err := parseResident("VmHWM:\t  9 kB\nVmRSS:\t    1234 kB\n")
	require.NoError(t, err)
	assert.Equal(t, uint64(1234<<10), n)
	for _, s := range []string{"", "VmRSS:\t 12 MB\n", "VmRSS:\t x kB\n"} {
		_, err := parseResident(s)
		require.Error(t, err, "%q", s)
	}
}
