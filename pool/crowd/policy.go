package crowd

import "time"

// Balance says which of the fit endpoints, or connections, is next.
type Balance uint8

const (
	PowerOfTwo       Balance = iota // the less loaded of two drawn by weight
	RoundRobin                      // one after the other, by weight
	LeastConnections                // the least loaded for its weight
)

// Policy is the rules by which the clients of a pool share. The zero value of each field
// stands for the default named with it.
type Policy struct {
	Balance Balance

	// Storm: StormShare of the live connections, at least StormLeast, lost within StormWindow.
	StormShare  float64       // 0: 0.2
	StormLeast  int           // 0: 8
	StormWindow time.Duration // 0: 1 s
	StormSpread time.Duration // window to come back in after a storm; 0: 5 s

	// Admission: handshakes under way at once.
	Dials         int     // over all endpoints; 0: 256
	EndpointDials int     // to one endpoint at first, and AIMD's ceiling; 0: 64
	LatencyFactor float64 // a handshake slower than this times the baseline halves the limit; 0: 2

	// Retry budget, in tokens: a connection that becomes stable deposits one, a failed
	// attempt costs BudgetCost, one that timed out twice that.
	Budget     float64       // most that can be saved, and what there is at first; 0: 500
	BudgetCost float64       // 0: 5
	Floor      time.Duration // with no budget left, one attempt per endpoint in so long; 0: 10 s

	// Ejection, after EjectAfter establishment failures or early deaths in a row.
	EjectAfter   int           // 0: 5
	EjectFor     time.Duration // first ejection, ±20 %, growing with each one; 0: 30 s
	EjectCap     time.Duration // 0: 300 s
	EjectShare   float64       // most of the endpoints that may be ejected at once; 0: 0.5. The last one never is
	Probes       int           // attempts that a Probing endpoint gets at once; 0: 1
	ProbeLease   time.Duration // after which a probe that did not report counts as failed; 0: 30 s
	WarmUp       time.Duration // slow start, from 10 % to all of its weight; 0: 30 s
	PanicBelow   float64       // share of fit endpoints under which all are used; 0: 0.5
	FailbackHold time.Duration // how long a better tier must be fit before clients go back to it; 0: 60 s

	// Rebalance: when the fullest endpoint has more than RebalanceAt times its share for
	// RebalanceAfter, clients move away from it, at most RebalanceRate of all per second.
	RebalanceAt    float64       // 0: 1.25; < 0: never
	RebalanceAfter time.Duration // 0: 60 s
	RebalanceRate  float64       // 0: 0.01
}
