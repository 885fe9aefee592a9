package chaos

import (
	"cmp"
	"fmt"
)

// ConnLimit turns new connections away while so many are open.
type ConnLimit struct {
	Max  int64  `json:"max" yaml:"max"`   // connections
	Over string `json:"over" yaml:"over"` // OverRefuse and so on; default Over503
}

// What becomes of connections over a limit.
const (
	Over503    = "503"    // their upgrade is answered with HTTP 503
	OverRefuse = "refuse" // they are reset as soon as they are made
	Over1013   = "1013"   // they are accepted and closed with 1013, try again later
	OverHang   = "hang"   // they are never answered
)

// Kind names the fault.
func (ConnLimit) Kind() string { return "conn_limit" }

// Check returns what is wrong with the attributes.
func (c ConnLimit) Check() []string { return inBounds(c) }

// How is Over with the default filled in.
func (c ConnLimit) How() string { return cmp.Or(c.Over, Over503) }

// String is the attributes in words: "500, over it 503".
func (c ConnLimit) String() string { return fmt.Sprintf("%d, over it %s", c.Max, c.How()) }

func init() {
	register(Kind{
		Name: "conn_limit", Family: Connect,
		Short: "so many connections and no more",
		About: "Turns new connections away while so many are there, whoever's they are: those that were open before count and go " +
			"on, and whoever leaves makes room. After a reset of all, as many come back as the limit has places.",
		Params: []Param{
			{Name: "max", Type: "integer", Min: 1, Max: 1 << 30, About: "connections that may be there at once"},
			{Name: "over", Type: "503 | refuse | 1013 | hang", Default: "503", About: "what becomes of one too many: HTTP 503, a RST at once, a close frame with 1013 after its upgrade, or no answer"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesStatus, SeesReset, SeesRefused, SeesCloseFrame, SeesTimeout},
		Proof:    []Proof{{"turned_away", "connections over the limit turned away"}},
		Reach:    1,
		Evidence: "connections came while the limit was reached, and all of them were turned away",
		Backends: []Support{
			{By: ByTarget, Whole: true, Note: wholeLimit},
			{By: ByProxy, Whole: true, Note: wholeLimit + "; 503 and 1013 need connections without TLS"},
		},
		Example: "{name: full, inject: conn_limit, on: blue, at: chaos, for: 5s, max: 500, over: 503}",
		New:     func() Effect { return &ConnLimit{Over: Over503} },
	})
}

const wholeLimit = "a limit is on all that come"
