package engine

import (
	"fmt"
	"time"

	"github.com/wsheal/wsheal/pool/crowd"
	"github.com/wsheal/wsheal/pool/heal"
	"github.com/wsheal/wsheal/report"
)

// noticed writes what the clients of a pool noticed together, and shows it to whoever
// watches the run.
func (r *recorder) noticed(at heal.Instant, a crowd.Action) {
	rec := report.Crowd{Notice: a.Notice.String()}
	if a.Notice == crowd.HealthChanged {
		rec.Endpoint, rec.Health = a.Endpoint, a.Health.String()
	}
	r.write(report.Record{T: int64(at), Crowd: &rec})
	if text := r.notice(a); text != "" {
		r.track.Note(time.Duration(at), text)
	}
}

// notice is what is worth a line on the screen, "" for what is not: how an endpoint gets
// back on its feet is in the journal.
func (r *recorder) notice(a crowd.Action) string {
	switch {
	case a.Notice != crowd.HealthChanged:
		return "pool: " + a.Notice.String()
	case a.Health == crowd.Ejected || a.Health == crowd.Degraded || a.Health == crowd.Warming:
		return fmt.Sprintf("pool: endpoint %s is %s", r.endpoint(a.Endpoint), a.Health)
	}
	return ""
}

func (r *recorder) endpoint(i uint8) string {
	if int(i) < len(r.endpoints) {
		return r.endpoints[i]
	}
	return fmt.Sprint(i)
}
