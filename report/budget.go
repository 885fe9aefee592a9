package report

import "time"

const (
	// slo is the objective that error budgets are told of: three nines, over a month.
	slo   = 0.999
	month = 30 * 24 * time.Hour
)

// Budget is what the run's outage would cost of the error budget of a service that
// promises 99.9 % over 30 days, 43.2 min, were it to happen once.
type Budget struct {
	Down   float64  `json:"down"`             // seconds of downtime of a client, on average, from the baseline's start on
	Errors *float64 `json:"errors,omitempty"` // seconds of load whose messages were never answered; nil: no load
}

// allowed is how many seconds the budget has.
func allowed() float64 { return (1 - slo) * month.Seconds() }

// spend computes the budget, given the summary's clients and messages.
func (s *Summary) spend() *Budget {
	if s.Clients.Due <= 0 || s.Run.Clients <= 0 {
		return nil
	}
	b := &Budget{Down: (s.Clients.Due - s.Clients.Up) / float64(s.Run.Clients)}
	if all := s.measured(); all.Intended > 0 && s.Run.answers() {
		measured := s.Clients.Due / float64(s.Run.Clients)
		b.Errors = new(measured * float64(s.measuredLost()) / float64(all.Intended))
	}
	return b
}
