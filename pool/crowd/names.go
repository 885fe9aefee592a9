package crowd

import (
	"slices"
	"strconv"
)

// names are the words of one enum, by value. Journals, logs and metrics are written in
// them.
type names[T ~uint8] []string

// of returns the word for v, and its number when it has none.
func (n names[T]) of(v T) string {
	if int(v) < len(n) {
		return n[v]
	}
	return strconv.Itoa(int(v))
}

// parse returns the value whose word is s.
func (n names[T]) parse(s string) (T, bool) {
	i := slices.Index(n, s)
	return T(max(i, 0)), i >= 0
}

var eventNames = names[EventKind]{
	Asked: "asked", Withdrawn: "withdrawn", Opened: "opened", Failed: "failed", Proved: "proved",
	Stable: "stable", Lost: "lost", Answered: "answered", Ticked: "ticked",
}

func (k EventKind) String() string { return eventNames.of(k) }

// ParseEventKind reads what String prints.
func ParseEventKind(s string) (EventKind, bool) { return eventNames.parse(s) }

var actionNames = names[ActionKind]{Admit: "admit", Arm: "arm", Scatter: "scatter", Shed: "shed", Report: "report"}

func (k ActionKind) String() string { return actionNames.of(k) }

var noticeNames = names[Notice]{
	HealthChanged: "health", StormBegan: "storm began", StormOver: "storm over", PanicBegan: "panic began",
	PanicOver: "panic over", BudgetSpent: "budget spent", BudgetBack: "budget back",
}

func (n Notice) String() string { return noticeNames.of(n) }

var healthNames = names[Health]{
	Unknown: "unknown", Healthy: "healthy", Degraded: "degraded", Ejected: "ejected", Probing: "probing",
	Warming: "warming", Draining: "draining", Removed: "removed",
}

func (h Health) String() string { return healthNames.of(h) }

var balanceNames = names[Balance]{PowerOfTwo: "power-of-two", RoundRobin: "round-robin", LeastConnections: "least-connections"}

func (b Balance) String() string { return balanceNames.of(b) }

// ParseBalance reads what String prints.
func ParseBalance(s string) (Balance, bool) { return balanceNames.parse(s) }
