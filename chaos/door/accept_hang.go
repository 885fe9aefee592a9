package door

import "github.com/wsheal/wsheal/chaos"

// Stages are the names that scenarios have for them.
var stages = map[string]Stage{chaos.AtTCP: Accepted, chaos.AtTLS: Hello, chaos.AtUpgrade: Asked}

// AcceptHang lets callers come so far, and says nothing from there.
type AcceptHang struct{ chaos.AcceptHang }

// Stage is how far they come.
func (r AcceptHang) Stage() Stage { return stages[r.At()] }

// Receive keeps the caller, unanswered.
func (r AcceptHang) Receive(c *Caller) bool {
	if !c.kept("hung") {
		return true
	}
	c.hang()
	return false
}
