package chaos

import "cmp"

// KernelPartition drops packets below TCP: nothing is acknowledged, so that the kernels'
// own timers run.
type KernelPartition struct {
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Kind names the fault.
func (KernelPartition) Kind() string { return "kernel_partition" }

// Check returns what is wrong with the attributes.
func (p KernelPartition) Check() []string { return inBounds(p) }

// Way is the direction with the default filled in.
func (p KernelPartition) Way() Direction { return cmp.Or(p.Direction, Both) }

// String is the attributes in words: "both ways", "up", "down".
func (p KernelPartition) String() string { return p.Way().words() }

func init() {
	register(Kind{
		Name: "kernel_partition", Family: Kernel,
		Short: "packets are dropped, and nothing is acknowledged",
		About: "Drops the packets between clients and target by a rule of nftables, in a network namespace that the " +
			"run makes itself. As on a real network nothing is acknowledged: TCP retransmits, keepalive and " +
			"TCP_USER_TIMEOUT fire, and dials time out. Of new connections it drops the first packet alone, so that " +
			"those that are open live on; of existing ones, what comes from and goes to their clients' ports.",
		Params: []Param{
			{Name: "direction", Type: "both | up | down", Default: "both", About: "which way packets are dropped; up is client to target"},
		},
		Conns:    []Conns{AllConns, Existing, New},
		Expect:   []Sight{SeesHalfOpen, SeesTimeout, SeesStall},
		Proof:    []Proof{{"dropped", "packets dropped"}},
		Did:      func(e Evidence) string { return count(int(e.Count("dropped")), "packet") + " dropped" },
		Backends: []Support{{By: ByKernel, Whole: true}},
		Evidence: "the kernel's counter of the rule",
		Example:  "{name: cable, inject: kernel_partition, on: blue, at: chaos, for: 5s}",
		New:      func() Effect { return &KernelPartition{Direction: Both} },
	})
}
