//go:build linux

package toxi_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
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

// besideEnv makes the test binary a proxy to be measured, "ours", "stock" or "loop": each in
// a process of its own, with nothing in it but the proxy.
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
	switch which {
	case "loop":
		go func() { _ = http.Serve(api, createLoop()) }()
		<-ctx.Done()
		return 0
	case "stock":
		s := stock.NewServer(stock.NewMetricsContainer(nil), zerolog.Nop())
		go func() { _ = http.Serve(api, s.Routes()) }()
		<-ctx.Done()
		return 0
	}
	_ = toxi.Serve(ctx, api, toxi.Options{AllowRemote: true}) // for the name that is slow to resolve
	return 0
}

// createLoop answers as a control API does when a proxy is created. What it creates is the
// least that a proxy in Go is: two goroutines per connection that read and write.
func createLoop() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p struct {
			Name, Listen, Upstream string
			Enabled                bool
		}
		err := json.NewDecoder(r.Body).Decode(&p)
		ln, fails := net.Listen("tcp", p.Listen)
		if err = errors.Join(err, fails); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.Listen, p.Enabled = ln.Addr().String(), true
		go func() {
			for {
				client, err := ln.Accept()
				if err != nil {
					return
				}
				go loop(client, p.Upstream)
			}
		}()
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(p)
	}
}

// loop copies between a client and its target until one of them has ended.
func loop(client net.Conn, upstream string) {
	target, err := net.Dial("tcp", upstream)
	if err != nil {
		_ = client.Close()
		return
	}
	through := func(from, to net.Conn) {
		defer to.Close()
		buf := make([]byte, 4<<10)
		for {
			n, err := from.Read(buf)
			if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
				return
			}
		}
	}
	go through(target, client)
	through(client, target)
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
	which := name
	if toxics {
		which = "stock"
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

// besides are what is compared: a stock server as it is, one that does what ours does always,
// to have a toxic in each direction, and a bare loop.
func besides(b *testing.B, target string) []*measured {
	b.Helper()
	return []*measured{
		startMeasured(b, "ours", target, false),
		startMeasured(b, "stock", target, false),
		startMeasured(b, "stock+toxics", target, true),
		startMeasured(b, "loop", target, false),
	}
}

// tell reports a figure of each, and what part ours is of the others'.
func tell(b *testing.B, unit string, all []*measured, figure func(i int) float64) {
	for i, m := range all {
		b.ReportMetric(figure(i), m.name+"-"+unit)
		if i > 0 {
			b.ReportMetric(figure(0)/figure(i), "of-"+m.name+"-"+unit)
		}
	}
}

// BenchmarkBesideStock is what the proxy costs, beside a stock server in the same run: in
// turns, so that what else the machine does falls on all alike. An iteration of echo is 2000
// round trips of 128 bytes through each, over 16 connections at 4000 a second in all, which
// every one of them can carry; of echo-alone it is 1000 over one connection, one in flight; of
// idle and of connect it is all the connections of each.
//
// Alone, nobody has anything to do most of the time, and what is measured most is how long an
// idle machine takes to wake up, which is one thing in one run and another in the next: of ten,
// ours added from 0.3 to 3.9 times what the bare loop did, and at a rate from 0.9 to 1.2 times.
//
//	go test -run '^$' -bench BesideStock -benchtime 3x ./chaos/toxi
func BenchmarkBesideStock(b *testing.B) {
	b.Run("echo", func(b *testing.B) { benchEchoBeside(b, 16, 125, 4*time.Millisecond) })
	b.Run("echo-alone", func(b *testing.B) { benchEchoBeside(b, 1, 1000, 0) })
	b.Run("idle", benchIdleBeside)
	b.Run("connect", func(b *testing.B) { benchConnectBeside(b, "") })
	b.Run("connect-slow-target", func(b *testing.B) { benchConnectBeside(b, slowHost) })
}

// benchEchoBeside sends over each of some connections each messages, one every interval or as
// soon as the last was answered, whichever is later.
func benchEchoBeside(b *testing.B, conns, each int, every time.Duration) {
	target := newTarget(b)
	all := besides(b, target.addr)
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 128))))
	direct := len(all) // without a proxy
	took := make([][]time.Duration, direct+1)
	open := make([][]net.Conn, direct+1)
	for i := range open {
		addr := target.addr
		if i < direct {
			addr = all[i].addr
		}
		for id := range conns {
			open[i] = append(open[i], benchDial(b, addr, id))
		}
	}
	turn := func(i int) {
		began := time.Now()
		times := make([][]time.Duration, conns)
		var wg sync.WaitGroup
		for k, c := range open[i] {
			wg.Go(func() {
				for n := range each {
					time.Sleep(time.Until(began.Add(every * time.Duration(n*conns+k) / time.Duration(conns))))
					sent := time.Now()
					_, err := c.Write(frame)
					if err == nil {
						_, err = wsutil.ReadServerBinary(c)
					}
					if err != nil {
						b.Error(err)
						return
					}
					times[k] = append(times[k], time.Since(sent))
				}
			})
		}
		wg.Wait()
		took[i] = slices.Concat(append(times, took[i])...)
	}
	for i := range open {
		turn(i)
		took[i] = nil
	}
	cpu := make([]time.Duration, len(all))
	for i, m := range all {
		cpu[i] = m.usage(b).CPU
	}
	for first := 0; b.Loop(); first++ { // so that each comes behind each other
		for i := range open {
			turn((first + i) % len(open))
		}
	}
	for i, m := range all {
		cpu[i] = m.usage(b).CPU - cpu[i]
	}
	for i := range took {
		slices.Sort(took[i])
	}
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	added := func(q float64) func(i int) float64 {
		at := func(i int) time.Duration { return took[i][int(q*float64(len(took[i])-1))] }
		return func(i int) float64 { return us(at(i) - at(direct)) }
	}
	tell(b, "p50-added-µs", all, added(0.5))
	tell(b, "p99-added-µs", all, added(0.99))
	tell(b, "cpu-µs/rt", all, func(i int) float64 { return us(cpu[i]) / float64(len(took[i])) })
}

func benchIdleBeside(b *testing.B) {
	const conns = 1000
	target := newTarget(b)
	var all []*measured
	var rss, goroutines [4]float64
	n := 0.0
	for b.Loop() {
		n++
		all = besides(b, target.addr) // new ones: what was let go of is not given back
		for i, m := range all {
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
	tell(b, "KiB/conn", all, func(i int) float64 { return rss[i] / n })
	tell(b, "goroutines/conn", all, func(i int) float64 { return goroutines[i] / n })
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
	tell(b, "conns/s", all, func(i int) float64 { return float64(n*conns) / took[i].Seconds() })
}
