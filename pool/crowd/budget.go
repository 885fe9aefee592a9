package crowd

// budget is what bounds retries when most of them fail, after the retry quota of the AWS
// SDKs: an attempt that fails takes, a connection that becomes stable gives.
//
// Who pays: retries alone. The first attempt of a client that never connected, and the
// first after the loss of a stable connection, is what the pool is there for, and is
// bounded by admission; it takes tokens when it fails, but needs none. So a cold start
// of any size is not starved by its own failures.
//
// An empty budget would end in silence if nothing else let attempts through. So each
// endpoint has one retry per Floor free, and each proof pays for two more there: from the
// first success on they double, and an endpoint that came back is at the limit of its
// admission within a few round trips, while one at which more than half fail stays at
// the floor.
type budget struct {
	tokens float64
	spent  bool // it has been empty, and is not yet a quarter full
}

// paidByProof is how many retries a proof pays for while the budget is spent, mostPaid
// how many may be saved.
const (
	paidByProof = 2
	mostPaid    = 64
)

// spend takes the price of a failed attempt; one that timed out kept the server busy for
// longer.
func (c *Crowd) spend(timeout bool) {
	b, cost := &c.budget, c.p.BudgetCost
	if timeout {
		cost *= 2
	}
	b.tokens = max(0, b.tokens-cost)
	if b.tokens < min(c.p.BudgetCost, c.p.Budget) && !b.spent {
		b.spent = true
		for i := range c.endpoints {
			c.endpoints[i].earned, c.endpoints[i].floor = 0, 0
		}
		c.tell(BudgetSpent)
	}
}

// deposit gives what a stable connection is worth.
func (c *Crowd) deposit() {
	b := &c.budget
	b.tokens = min(c.p.Budget, b.tokens+1)
	if b.spent && b.tokens >= min(c.p.Budget, max(c.p.Budget/4, 2*c.p.BudgetCost)) {
		b.spent = false
		c.tell(BudgetBack)
	}
}

// earn gives what a proof is worth.
func (c *Crowd) earn(e *endpoint) {
	if c.budget.spent {
		e.earned = min(e.earned+paidByProof, mostPaid)
	}
}

// affords tells whether a retry may go to the endpoint; if not yet, it will be woken.
func (c *Crowd) affords(e *endpoint) bool {
	if !c.budget.spent || e.earned > 0 || c.now >= e.floor {
		return true
	}
	c.wake(e.floor)
	return false
}

// pay takes what a retry costs at the endpoint.
func (c *Crowd) pay(e *endpoint) {
	switch {
	case !c.budget.spent:
	case e.earned > 0:
		e.earned--
	default:
		e.floor = c.now.Add(c.p.Floor)
	}
}
