package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// AuthExpire lets the credentials that clients bring run out.
type AuthExpire struct {
	TTL  time.Duration `json:"ttl" yaml:"ttl"`   // how long a token is good
	Mode string        `json:"mode" yaml:"mode"` // Auth401, Auth403 or Auth4401; default Auth401
}

// What says that a token is not good any more.
const (
	Auth401  = "401"  // the upgrade is answered with HTTP 401
	Auth403  = "403"  // with 403
	Auth4401 = "4401" // a close frame with 4401, after the upgrade or when the token runs out
)

// Kind names the fault.
func (AuthExpire) Kind() string { return "auth_expire" }

// Check returns what is wrong with the attributes.
func (a AuthExpire) Check() []string { return inBounds(a) }

// How is Mode with the default filled in.
func (a AuthExpire) How() string { return cmp.Or(a.Mode, Auth401) }

// String is the attributes in words: "after 2s with 401".
func (a AuthExpire) String() string { return fmt.Sprintf("after %v with %s", a.TTL, a.How()) }

func init() {
	register(Kind{
		Name: "auth_expire", Family: Connect,
		Short: "tokens run out",
		About: "Lets the tokens that clients bring run out: each is good for so long from when it was first seen, those of open " +
			"connections from when the fault came into force. A token is the Authorization header, or the query's token or " +
			"access_token. 401 and 403 let open connections be and meet who comes back; 4401 closes the open ones, too. Who brings " +
			"a new token gets in. The clients of a run with this fault bring one, and a new one when it was rejected.",
		Params: []Param{
			{Name: "ttl", Type: "duration", Min: float64(time.Millisecond), Max: float64(24 * time.Hour), About: "how long a token is good"},
			{Name: "mode", Type: "401 | 403 | 4401", Default: "401", About: "what says that it is not: an HTTP status, or the close code"},
		},
		Conns:    []Conns{AllConns, Existing, New},
		Expect:   []Sight{SeesStatus, SeesCloseFrame},
		Proof:    []Proof{{"expired", "connections with an expired token turned away or closed"}},
		Reach:    1,
		Evidence: "every client of the cohort that was there with an expired token, or came with one, was told",
		Backends: []Support{{By: ByTarget}},
		Example:  "{name: stale, inject: auth_expire, on: blue, at: chaos, for: 8s, ttl: 1s, mode: 401}",
		New:      func() Effect { return &AuthExpire{TTL: time.Second, Mode: Auth401} },
	})
}
