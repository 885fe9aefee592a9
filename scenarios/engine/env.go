package engine

import (
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
	"github.com/wsheal/wsheal/scenarios"
)

// Env is the world that a run happens in. The command line fills it with real
// processes, tests with fakes.
type Env struct {
	// Clock reads CLOCK_MONOTONIC in ns: the one clock that the run's processes share.
	Clock func() int64
	// Target starts the server under test, or finds it where it is only a URL.
	Target func(context.Context, scenarios.Target) (Target, error)
	// Dial opens connections to the targets, and to the proxy in front of them; nil: a
	// net.Dialer does.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Proxy starts the fault proxy, or finds a stock one; it reaches targets off this host
	// only where remote says so. It is called when a fault of the scenario needs one.
	Proxy func(ctx context.Context, remote bool) (Proxy, error)
	// Clients starts the program that has the clients where they are not ours, with what is
	// added to its environment. It is called when the proxy is up.
	Clients func(ctx context.Context, command, env []string) (Process, error)
	// Injector makes what carries faults out another way: the target, its process, the
	// kernel. It is called once for each that a fault needs, when the targets are up and
	// the proxy is not yet; targets are by name. The run clears every fault that it commanded.
	Injector func(ctx context.Context, by chaos.Backend, targets map[string]Target) (chaos.Injector, error)
	// Healer opens who keeps the clients connected; nil: driver.Open does.
	Healer func(driver.Options) (Healer, error)
	// Names starts the resolver of a run that has targets with names; the run closes it.
	Names func([]Name) (Names, error)
	// Self reads the health of this process; Machine the share of the machine's CPU
	// time that others took since the last call (steal), 0 where it cannot be told.
	Self    func() (Usage, error)
	Machine func() float64

	Journal io.Writer // journal.ndjson
	Latency io.Writer // latency.hlog
	Track   *live.Tracker
	Begun   func(epoch time.Time) // told once, when the journal begins, of the run's time zero; never when there is an error to return instead

	FDLimit int    // descriptors that one process of the run may hold; 0: unknown
	Version string // of wsheal
	Host    string // a label, as in "linux/amd64, 2 CPUs, go1.26.8"
	Command string // how to run it again
}

// Process is a child of the run.
type Process interface {
	Usage() (Usage, error)
	// Done is closed when the process has ended; nil for what the run did not start.
	Done() <-chan struct{}
	// Err says why it ended when nobody asked it to, nil before that.
	Err() error
	Stop(context.Context) error
}

// Target is a server under test that is up.
type Target interface {
	Process
	URL() string
	// Stats is what the target says of itself; ok is false for servers that are not ours.
	Stats(context.Context) (s report.Target, ok bool, err error)
}

// Proxy is a fault proxy that is up.
type Proxy interface {
	Process
	chaos.Injector
	chaos.Wire
	// Front opens a listener in front of upstream (host:port) and returns its address.
	Front(ctx context.Context, name, upstream string) (addr string, err error)
}

// Name is a target as the resolver of a run knows it.
type Name struct {
	Target string
	Host   string     // that resolves to Addr; empty: none does, but names can move there
	Addr   netip.Addr // by which the run finds the target; nobody listens there
}

// Names is the resolver of a run, which carries out faults of names.
type Names interface {
	chaos.Injector
	Lookup(ctx context.Context, host string) ([]netip.Addr, error)
	Close() error
}

// Usage is what one process uses.
type Usage struct {
	CPU     float64 // seconds of CPU since its start, user and system
	RSS     int64   // bytes
	FDs     int     // descriptors open
	FDLimit int
}
