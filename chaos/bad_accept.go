package chaos

// BadAccept answers the upgrade requests of new connections with what is no upgrade.
type BadAccept struct {
	How string `json:"kind" yaml:"kind"` // WrongKey and so on
}

// Ways to accept an upgrade wrongly.
const (
	WrongKey       = "wrong_key"       // Sec-WebSocket-Accept is of another key
	MissingUpgrade = "missing_upgrade" // the header Upgrade is not there
	BadSubprotocol = "bad_subprotocol" // a subprotocol that was not offered
	HTTP200        = "http200"         // 200 and a page, as of a captive portal
)

// Kind names the fault.
func (BadAccept) Kind() string { return "bad_accept" }

// Check returns what is wrong with the attributes.
func (b BadAccept) Check() []string { return inBounds(b) }

// String is the attributes in words: "wrong_key".
func (b BadAccept) String() string { return b.How }

func init() {
	register(Kind{
		Name: "bad_accept", Family: Connect,
		Short: "upgrades are accepted wrongly",
		About: "Answers the upgrade requests of new connections with what is no upgrade by RFC 6455 4.1, and a client has to " +
			"fail: a 101 for another key, without Upgrade, with a subprotocol that nobody offered, or a 200 with a page.",
		Params: []Param{
			{Name: "kind", Type: "wrong_key | missing_upgrade | bad_subprotocol | http200", Default: "wrong_key", About: "what is wrong with the answer"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesProtocol, SeesStatus},
		Proof:    []Proof{{"misled", "upgrades answered wrongly"}},
		Reach:    1,
		Evidence: "every client of the cohort that asked for an upgrade while it was in force was written a wrong answer",
		Backends: []Support{{By: ByTarget}, {By: ByProxy, Note: notTLS}},
		Example:  "{name: portal, inject: bad_accept, on: blue, at: chaos, for: 5s, kind: http200}",
		New:      func() Effect { return &BadAccept{How: WrongKey} },
	})
}
