//go:build linux

package toxi_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	stock "github.com/Shopify/toxiproxy/v2"
	stockclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/chaos/toxi"
)

// besideEnv makes the test binary a proxy to be measured, "ours" or "stock": each in a
// process of its own, with nothing in it but the proxy.
const besideEnv = "TOXI_BENCH_PROXY"

func init() {
	if which := os.Getenv(besideEnv); which != "" {
		os.Exit(beMeasured(which))
	}
}

// usage is what such a process has used.
type usage struct {
	CPU        time.Duration
	RSS        int64
	Goroutines int
}

// beMeasured serves a control API, and at /usage of another port what it has used.
func beMeasured(which string) int {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: askSlowly}
	api, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	asked, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	go func() {
		_ = http.Serve(asked, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var u unix.Rusage
			_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
			runtime.GC()
			statm, _ := os.ReadFile("/proc/self/statm")
			var size, resident int64
			_, _ = fmt.Sscan(string(statm), &size, &resident)
			_ = json.NewEncoder(w).Encode(usage{
				CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()),
				RSS: resident * int64(os.Getpagesize()), Goroutines: runtime.NumGoroutine(),
			})
		}))
	}()
	fmt.Println(api.Addr(), asked.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if which == "stock" {
		s := stock.NewServer(stock.NewMetricsContainer(nil), zerolog.Nop())
		go func() { _ = http.Serve(api, s.Routes()) }()
		<-ctx.Done()
		return 0
	}
	_ = toxi.Serve(ctx, api, toxi.Options{AllowRemote: true}) // for the name that is slow to resolve
	return 0
}

// slowHost resolves to the loopback, after as long as a target would take that is slow to
// let a connection in.
const (
	slowHost = "slow.test."
	slowness = 5 * time.Millisecond
)

// askSlowly is a name server that answers late.
func askSlowly(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		in := bufio.NewReader(there)
		for {
			var size [2]byte // as over TCP, for it is no packet connection
			if _, err := io.ReadFull(in, size[:]); err != nil {
				return
			}
			q := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(in, q); err != nil {
				return
			}
			time.Sleep(slowness)
			if _, err := there.Write(answerTo(q)); err != nil {
				return
			}
		}
	}()
	return here, nil
}

// answerTo says that a name has one address, 127.0.0.1, and none of IPv6.
func answerTo(q []byte) []byte {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	question := q[12 : end+5]
	a := append([]byte{0, 0, q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	if binary.BigEndian.Uint16(question[len(question)-4:]) == 1 {
		a[9] = 1
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	binary.BigEndian.PutUint16(a, uint16(len(a)-2))
	return a
}

// measured is a proxy in a process of its own.
type measured struct {
	name   string
	client *stockclient.Client
	proxy  *stockclient.Proxy
	addr   string // of the proxy in front of the target
	asked  string
}

func startMeasured(b *testing.B, name, target string, toxics bool) *measured {
	b.Helper()
	which := "stock"
	if name == "ours" {
		which = name
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), besideEnv+"="+which)
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	addrs := strings.Fields(line)
	m := &measured{name: name, client: stockclient.NewClient(addrs[0]), asked: addrs[1]}
	m.proxy, err = m.client.CreateProxy("blue", "127.0.0.1:0", target)
	require.NoError(b, err)
	m.addr = m.proxy.Listen
	if toxics {
		for _, stream := range []string{"upstream", "downstream"} {
			_, err := m.proxy.AddToxic("", "latency", stream, 1, stockclient.Attributes{"latency": 0})
			require.NoError(b, err)
		}
	}
	return m
}

func (m *measured) usage(b *testing.B) (u usage) {
	b.Helper()
	resp, err := http.Get("http://" + m.asked + "/usage")
	require.NoError(b, err)
	defer resp.Body.Close()
	require.NoError(b, json.NewDecoder(resp.Body).Decode(&u))
	return u
}

// besides are what is compared: a stock server as it is, and one that does what ours does
// always, to have a toxic in each direction.
func besides(b *testing.B, target string) []*measured {
	b.Helper()
	return []*measured{
		startMeasured(b, "ours", target, false),
		startMeasured(b, "stock", target, false),
		startMeasured(b, "stock-toxics", target, true),
	}
}

// tell reports a figure of each, and what part ours is of the others'.
func tell(b *testing.B, unit string, figures []float64) {
	b.ReportMetric(figures[0], "ours-"+unit)
	b.ReportMetric(figures[1], "stock-"+unit)
	b.ReportMetric(figures[2], "stock+toxics-"+unit)
	b.ReportMetric(figures[0]/figures[1], "of-stock-"+unit)
	b.ReportMetric(figures[0]/figures[2], "of-stock+toxics-"+unit)
}

// BenchmarkBesideStock is what the proxy costs, beside a stock server in the same run: in
// turns, so that what else the machine does falls on all alike. An iteration of echo is 1000
// round trips of 128 bytes through each, one in flight; of idle and of connect it is all
// the connections of each.
//
//	go test -run '^$' -bench BesideStock -benchtime 3x ./chaos/toxi
func BenchmarkBesideStock(b *testing.B) {
	b.Run("echo", benchEchoBeside)
	b.Run("idle", benchIdleBeside)
	b.Run("connect", func(b *testing.B) { benchConnectBeside(b, "") })
	b.Run("connect-slow-target", func(b *testing.B) { benchConnectBeside(b, slowHost) })
}

func benchEchoBeside(b *testing.B) {
	const batch = 1000
	target := newTarget(b)
	all := besides(b, target.addr)
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 128))))
	took := make([][]time.Duration, len(all)+1) // the last: without a proxy
	var conns []net.Conn
	for _, m := range all {
		conns = append(conns, benchDial(b, m.addr, 1))
	}
	conns = append(conns, benchDial(b, target.addr, 1))
	turn := func(i int) {
		for range batch {
			began := time.Now()
			if _, err := conns[i].Write(frame); err != nil {
				b.Fatal(err)
			}
			if _, err := wsutil.ReadServerBinary(conns[i]); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i := range conns {
		turn(i)
		took[i] = nil
	}
	var cpu []time.Duration
	for _, m := range all {
		cpu = append(cpu, m.usage(b).CPU)
	}
	for b.Loop() {
		for i := range conns {
			turn(i)
		}
	}
	figures := func(f func(i int) float64) []float64 { return []float64{f(0), f(1), f(2)} }
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	at := func(i int, q float64) time.Duration {
		slices.Sort(took[i])
		return took[i][int(q*float64(len(took[i])-1))]
	}
	n := float64(len(took[0]))
	for i, m := range all {
		cpu[i] = m.usage(b).CPU - cpu[i]
	}
	direct := len(all)
	tell(b, "p50-added-µs", figures(func(i int) float64 { return us(at(i, 0.5) - at(direct, 0.5)) }))
	tell(b, "p99-added-µs", figures(func(i int) float64 { return us(at(i, 0.99) - at(direct, 0.99)) }))
	tell(b, "cpu-µs/rt", figures(func(i int) float64 { return us(cpu[i]) / n }))
}

func benchIdleBeside(b *testing.B) {
	const conns = 1000
	target := newTarget(b)
	rss, goroutines := make([]float64, 3), make([]float64, 3)
	n := 0.0
	for b.Loop() {
		n++
		for i, m := range besides(b, target.addr) { // new ones: what was let go of is not given back
			before := m.usage(b)
			var open []net.Conn
			for id := range conns {
				open = append(open, benchDial(b, m.addr, id))
			}
			after := m.usage(b)
			rss[i] += float64(after.RSS-before.RSS) / conns / 1024
			goroutines[i] += float64(after.Goroutines-before.Goroutines) / conns
			for _, c := range open {
				_ = c.Close()
			}
		}
	}
	for i := range rss {
		rss[i], goroutines[i] = rss[i]/n, goroutines[i]/n
	}
	tell(b, "KiB/conn", rss)
	tell(b, "goroutines/conn", goroutines)
}

// benchConnectBeside is how many connections a second are dialled and upgraded, 64 in
// flight.
func benchConnectBeside(b *testing.B, host string) {
	const conns, workers = 512, 64
	target := newTarget(b)
	addr := target.addr
	if host != "" {
		_, port, err := net.SplitHostPort(addr)
		require.NoError(b, err)
		addr = net.JoinHostPort(host, port)
	}
	all := besides(b, addr)
	took := make([]time.Duration, len(all))
	n := 0
	for b.Loop() {
		n++
		for i, m := range all {
			ids := make(chan int, conns)
			for id := range conns {
				ids <- id
			}
			close(ids)
			open := make([]net.Conn, conns)
			var wg sync.WaitGroup
			began := time.Now()
			for range workers {
				wg.Go(func() {
					for id := range ids {
						c, _, _, err := ws.Dialer{}.Dial(context.Background(), "ws://"+m.addr+"/")
						if err != nil {
							b.Error(err)
							return
						}
						open[id] = c
					}
				})
			}
			wg.Wait()
			took[i] += time.Since(began)
			for _, c := range open {
				if c != nil {
					_ = c.Close()
				}
			}
		}
	}
	figures := make([]float64, len(all))
	for i := range all {
		figures[i] = float64(n*conns) / took[i].Seconds()
	}
	tell(b, "conns/s", figures)
}
