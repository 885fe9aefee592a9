package chaos

import (
	"fmt"
	"time"
)

// UpgradeReject answers the upgrade requests of new connections with an HTTP status.
type UpgradeReject struct {
	Status     int64         `json:"status" yaml:"status"`           // 400 to 599; default 503
	RetryAfter time.Duration `json:"retry_after" yaml:"retry_after"` // whole seconds; 0: the header is not sent
	Body       string        `json:"body" yaml:"body"`               // of the response, text
}

// Kind names the fault.
func (UpgradeReject) Kind() string { return "upgrade_reject" }

// Check returns what is wrong with the attributes.
func (u UpgradeReject) Check() []string {
	bad := inBounds(u)
	if u.RetryAfter%time.Second != 0 {
		bad = append(bad, fmt.Sprintf("retry_after %v is not whole seconds, which is all that HTTP has", u.RetryAfter))
	}
	if limit := 4 << 10; len(u.Body) > limit {
		bad = append(bad, fmt.Sprintf("body of %d bytes is above %d", len(u.Body), limit))
	}
	return bad
}

// String is the attributes in words: "with 503, Retry-After 5s".
func (u UpgradeReject) String() string {
	if u.RetryAfter == 0 {
		return fmt.Sprintf("with %d", u.Status)
	}
	return fmt.Sprintf("with %d, Retry-After %v", u.Status, u.RetryAfter)
}

func init() {
	register(Kind{
		Name: "upgrade_reject", Family: Connect,
		Short: "upgrades are answered with an HTTP status",
		About: "Answers the upgrade requests of new connections with an HTTP status instead of 101, and closes them: 401 and 403 " +
			"as with bad credentials, 429 and 503 as under load, 502 and 504 as a gateway does. The target's own work is not asked for.",
		Params: []Param{
			{Name: "status", Type: "integer", Default: "503", Min: 400, Max: 599, About: "the HTTP status"},
			{Name: "retry_after", Type: "duration", Default: "0s", Max: float64(24 * time.Hour), About: "sent as Retry-After, whole seconds; 0: not sent"},
			{Name: "body", Type: "text", Default: "rejected by a fault", About: "of the response"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesStatus},
		Proof:    []Proof{{"rejected", "upgrades answered with the status"}},
		Reach:    1,
		Evidence: "every client of the cohort that asked for an upgrade while it was in force was written the status",
		Backends: []Support{{By: ByTarget}, {By: ByProxy, Note: notTLS}},
		Example:  "{name: busy, inject: upgrade_reject, on: blue, at: chaos, for: 5s, status: 503, retry_after: 2s}",
		New: func() Effect {
			return &UpgradeReject{Status: 503, Body: "rejected by a fault"}
		},
	})
}
