package chaos

// KernelKill has the kernel destroy every open connection of the target, as ss -K does.
type KernelKill struct{}

// Kind names the fault.
func (KernelKill) Kind() string { return "kernel_kill" }

// Check finds nothing: there are no attributes.
func (KernelKill) Check() []string { return nil }

// String is empty: there are no attributes.
func (KernelKill) String() string { return "" }

func init() {
	register(Kind{
		Name: "kernel_kill", Family: Kernel,
		Short: "the kernel destroys every open connection",
		About: "Has the kernel destroy every open connection of the target, one by one, as ss -K does: the client " +
			"gets a RST, the target's next call ECONNABORTED, with no proxy in between.",
		Conns: []Conns{Existing}, Once: true,
		Expect:   []Sight{SeesReset},
		Proof:    []Proof{{"destroyed", "connections destroyed"}},
		Did:      func(e Evidence) string { return count(int(e.Count("destroyed")), "connection") + " destroyed" },
		Backends: []Support{{By: ByKernel, Whole: true}},
		Evidence: "the kernel confirmed the end of each connection",
		Example:  "{name: cut, inject: kernel_kill, on: blue, at: chaos}",
		New:      func() Effect { return new(KernelKill) },
	})
}
