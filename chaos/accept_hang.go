package chaos

import "cmp"

// Stages of a connection's way to its upgrade, where a fault can have it stand still.
const (
	AtTCP     = "tcp"     // it is accepted, and nothing is read
	AtTLS     = "tls"     // its TLS handshake has begun
	AtUpgrade = "upgrade" // its upgrade request is read
)

// AcceptHang accepts new connections and never answers them.
type AcceptHang struct {
	Stage string `json:"stage" yaml:"stage"` // AtTCP, AtTLS or AtUpgrade; default AtUpgrade
}

// Kind names the fault.
func (AcceptHang) Kind() string { return "accept_hang" }

// Check returns what is wrong with the attributes.
func (a AcceptHang) Check() []string { return inBounds(a) }

// At is the stage with the default filled in.
func (a AcceptHang) At() string { return cmp.Or(a.Stage, AtUpgrade) }

// String is the attributes in words: "at upgrade".
func (a AcceptHang) String() string { return "at " + a.At() }

// nobodyYet is what cannot be expressed of a stage at which nobody knows whose a
// connection is.
func nobodyYet(f Fault, stage string) string {
	if f.Share < 1 && stage != AtUpgrade {
		return "a share of the clients at stage " + stage + ", where nobody knows yet whose connection it is"
	}
	return ""
}

// notTLS is what a proxy that passes TLS on unread cannot do.
const notTLS = "the request of a connection that speaks TLS is not seen: it is left alone"

func init() {
	lacks := func(f Fault) string {
		a, _ := Value(f.Effect).(AcceptHang)
		return nobodyYet(f, a.At())
	}
	register(Kind{
		Name: "accept_hang", Family: Connect,
		Short: "new connections are accepted and never answered",
		About: "Accepts new connections and says nothing to them, as a server does whose process hangs while its kernel " +
			"goes on: TCP connects, the handshake never ends. Those that wait are closed when the fault is over; open ones go on.",
		Params: []Param{
			{Name: "stage", Type: "upgrade | tcp | tls", Default: "upgrade", About: "how far they come: upgrade, their request is read; tls, their TLS handshake begins; tcp, nothing is read"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesTimeout},
		Proof:    []Proof{{"hung", "connections kept without an answer"}},
		Reach:    1,
		Evidence: "every client of the cohort that connected while it was in force was kept without an answer",
		Backends: []Support{
			{By: ByTarget, Lacks: lacks, Note: "stage tls needs a target with TLS"},
			{By: ByProxy, Lacks: lacks, Note: notTLS},
		},
		Example: "{name: hung, inject: accept_hang, on: blue, at: chaos, for: 5s, stage: tcp}",
		New:     func() Effect { return &AcceptHang{Stage: AtUpgrade} },
	})
}
