package report

import "math"

// Balance is how the usable clients were spread over the endpoints before the first fault
// and at the end.
type Balance struct {
	Endpoints []EndpointRow `json:"endpoints"`
	Before    float64       `json:"before"` // largest share of the usable clients that one endpoint had; 0: nobody was usable
	After     float64       `json:"after"`
	Shift     float64       `json:"shift"` // share of the clients that would have to move for the spread to be what it was: half the sum of the differences
	N         int           `json:"n"`     // clients usable at the end
}

// EndpointRow is one endpoint.
type EndpointRow struct {
	Name     string `json:"name"`
	Before   int    `json:"before"`   // usable clients at the first fault's command
	After    int    `json:"after"`    // at the end
	Attempts int    `json:"attempts"` // from the command on
	Failed   int    `json:"failed"`   // of them, those that failed
}

// balance follows which endpoint each usable client is at.
type balance struct {
	rows   []EndpointRow
	at     byClient[int16] // the client's endpoint while it is usable, and 1; 0: none
	dialed byClient[int16] // that of its last attempt after the command
	broken bool
}

func newBalance(run *Run) *balance {
	b := new(balance)
	for _, name := range run.Endpoints {
		b.rows = append(b.rows, EndpointRow{Name: name})
	}
	return b
}

// Add takes a record and what it says of the client's attempts.
func (b *balance) Add(rec Record, a attempt) {
	if f := rec.Fault; f != nil && f.Edge == "commanded" && !b.broken {
		b.broken = true
		for i := range b.rows {
			b.rows[i].Before = b.rows[i].After
		}
	}
	if rec.Step == nil {
		return
	}
	client, endpoint := rec.Step.Client, int(rec.Step.Endpoint)
	dialed := b.dialed.at(client)
	if a.ended == attemptFailed && *dialed > 0 {
		b.rows[*dialed-1].Failed++
	}
	if a.ended != noAttempt {
		*dialed = 0
	}
	if a.began && b.broken && endpoint < len(b.rows) {
		b.rows[endpoint].Attempts++
		*dialed = int16(endpoint) + 1
	}
	switch to := rec.Step.To; {
	case !isUsable(to):
		b.move(client, -1)
	case to != "moving" && to != "joining": // then the endpoint may be the replacement's
		b.move(client, endpoint)
	}
}

// move puts a client at an endpoint, -1 for nowhere.
func (b *balance) move(client, to int) {
	at := b.at.at(client)
	if *at == int16(to)+1 {
		return
	}
	if *at > 0 {
		b.rows[*at-1].After--
		*at = 0
	}
	if to >= 0 && to < len(b.rows) {
		b.rows[to].After++
		*at = int16(to) + 1
	}
}

// Close returns the result, nil where there is nothing to balance.
func (b *balance) Close() *Balance {
	if !b.broken || len(b.rows) < 2 {
		return nil
	}
	out := &Balance{Endpoints: b.rows}
	before := 0
	for _, r := range b.rows {
		before += r.Before
		out.N += r.After
	}
	for _, r := range b.rows {
		was, is := shareOf(r.Before, before), shareOf(r.After, out.N)
		out.Before, out.After = max(out.Before, was), max(out.After, is)
		out.Shift += math.Abs(is-was) / 2
	}
	if before == 0 || out.N == 0 {
		out.Shift = 0
	}
	return out
}

func shareOf(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
