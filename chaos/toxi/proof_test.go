package toxi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// proofs are what proves each kind that this backend is listed for: one call of Prove for
// each effect and class of connections, and one of Idle. A rule's own test file adds its
// kind here from init.
var proofs = map[string]proof{}

type proof struct {
	sees []faultrig.Case
	idle faultrig.Case
	tls  bool // the target speaks it, so that nobody knows whose connection it is
}

func (p proof) rig(t *testing.T) *faultrig.Rig {
	if p.tls {
		return faultrig.NewTLS(t)
	}
	return faultrig.New(t)
}

func TestEveryKindIsProved(t *testing.T) {
	for _, k := range chaos.KindsOf(chaos.ByProxy) {
		_, proved := proofs[k.Name]
		assert.True(t, proved, "the table lists the proxy for %s: prove it", k.Name)
	}
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NotEmpty(t, p.sees)
			for _, c := range p.sees {
				t.Run(c.String(), func(t *testing.T) { p.rig(t).Prove(c) })
			}
			t.Run("idle", func(t *testing.T) { p.rig(t).Idle(p.idle) })
		})
	}
}

// silent is a client that sends nothing, so that nothing is held or delayed on it.
func silent(*faultrig.Client) {}

func init() {
	delay := 200 * time.Millisecond
	proofs["reset"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Reset{}}},
			{Fault: chaos.Fault{Effect: chaos.Reset{}, Share: 1}},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Reset{}}, Quiet: silent},
	}
	proofs["partition"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Partition{}}},
			{Fault: chaos.Fault{Effect: chaos.Partition{Direction: chaos.Up}}},
			{Fault: chaos.Fault{Effect: chaos.Partition{Direction: chaos.Down}, Conns: chaos.Existing}},
			{Fault: chaos.Fault{Effect: chaos.Partition{}, Conns: chaos.New, Share: 1}},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Partition{}, Conns: chaos.Existing}, Quiet: silent},
	}
	proofs["what needs no frames, over TLS"] = proof{
		tls: true,
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Reset{}, Share: 1}},
			{Fault: chaos.Fault{Effect: chaos.Partition{}, Share: 1}},
			{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay}, Share: 1}, Slow: delay},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Partition{}, Conns: chaos.Existing, Share: 1}, Quiet: silent},
	}
	proofs["latency"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay}}, Slow: delay},
			{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay, Direction: chaos.Both}}, Slow: 2 * delay},
			{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay}, Conns: chaos.Existing}, Slow: delay},
			{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay}, Conns: chaos.New}, Slow: delay},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Latency{Delay: delay}, Conns: chaos.Existing}, Quiet: silent},
	}
	// A message of 14 bytes and more, and what is before it, is paid for before the next goes on.
	twice := func(head int) func(*faultrig.Client) chaos.Sight {
		paid := time.Duration(14+head) * time.Second / 100
		return func(x *faultrig.Client) chaos.Sight {
			began := time.Now()
			x.Look(0, false)
			saw := x.Look(0, false)
			if saw == chaos.SeesNothing && time.Since(began) >= paid {
				return chaos.SeesSlow
			}
			return saw
		}
	}
	proofs["bandwidth"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 100, Direction: chaos.Up}}, Act: twice(2 + 4)},
			{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 100, Direction: chaos.Down}, Conns: chaos.Existing}, Act: twice(2)},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Bandwidth{Rate: 1 << 30}}, Quiet: func(x *faultrig.Client) { x.Look(0, false) }},
	}
	proofs["slice"] = proof{
		sees: []faultrig.Case{
			{Fault: chaos.Fault{Effect: chaos.Slice{Size: 1}}},
			{Fault: chaos.Fault{Effect: chaos.Slice{Size: 7, Direction: chaos.Down}, Conns: chaos.Existing}},
		},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Slice{Size: 1024}}, Quiet: func(x *faultrig.Client) { x.Look(0, false) }},
	}
	proofs["refuse"] = proof{
		sees: []faultrig.Case{{Fault: chaos.Fault{Effect: chaos.Refuse{}, Share: 1}}},
		idle: faultrig.Case{Fault: chaos.Fault{Effect: chaos.Refuse{}, Share: 1}},
	}
}
