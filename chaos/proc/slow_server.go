package proc

import (
	"context"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	conducts["slow_server"] = func(ctx context.Context, d *deed) error {
		s := d.fault.Effect.(chaos.SlowServer)
		return d.halting(ctx, time.Duration((1-s.Runs)*float64(s.Period)), s.Period)
	}
}
