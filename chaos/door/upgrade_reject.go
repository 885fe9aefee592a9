package door

import (
	"fmt"
	"net/http"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// UpgradeReject answers with an HTTP status.
type UpgradeReject struct{ chaos.UpgradeReject }

// Stage is that of the request.
func (UpgradeReject) Stage() Stage { return Asked }

// Receive answers and lets the caller leave.
func (r UpgradeReject) Receive(c *Caller) bool {
	var more []string
	if r.RetryAfter > 0 {
		more = append(more, fmt.Sprintf("Retry-After: %d", r.RetryAfter/time.Second))
	}
	if r.Status == http.StatusUnauthorized {
		more = append(more, "WWW-Authenticate: Bearer")
	}
	return c.key() == "" || !c.dismiss("rejected", page(int(r.Status), r.Body, more...))
}
