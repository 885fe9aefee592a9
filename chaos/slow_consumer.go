package chaos

import "fmt"

// SlowConsumer lets clients read slowly, or not at all.
type SlowConsumer struct {
	Rate int64 `json:"rate" yaml:"rate"` // bytes per second of each connection; 0: it stops reading
}

// Kind names the fault.
func (SlowConsumer) Kind() string { return "slow_consumer" }

// Check returns what is wrong with the attributes.
func (s SlowConsumer) Check() []string { return inBounds(s) }

// String is the attributes in words: "1024 bytes/s", "reads nothing".
func (s SlowConsumer) String() string {
	if s.Rate == 0 {
		return "reads nothing"
	}
	return fmt.Sprintf("%d bytes/s", s.Rate)
}

func init() {
	register(Kind{
		Name: "slow_consumer", Family: Peer,
		Short: "clients read slowly, or not at all",
		About: "Clients of the cohort read from their sockets so many bytes a second and no more, or stop reading; what they send " +
			"goes out as ever. What lies unread closes TCP's window, and then the target cannot send: how soon depends on how much it sends, " +
			"for the kernels on the way hold some hundred KB of each connection first, and behind a fault proxy that holds some, too. " +
			"It is of bytes, not of messages: pongs and the answer to an upgrade wait as well, so that a client may take its own " +
			"connection for dead.",
		Params: []Param{
			{Name: "rate", Type: "size", Default: "0", Max: 1 << 30, About: "bytes per second that each connection reads; 0: it stops reading"},
		},
		Conns:  []Conns{AllConns, Existing, New},
		Expect: []Sight{SeesSlow, SeesHalfOpen, SeesTimeout, SeesStall, SeesReset, SeesEOF, SeesCloseFrame},
		Proof:  []Proof{{"held_bytes", "bytes that had come were left unread"}}, Reach: mostReach,
		Backends: []Support{{By: ByClients, Note: "the clients of the run, not those of others"}},
		Evidence: "bytes had come and lay unread at 95 % of the cohort's clients at least",
		Example:  "{name: sluggish, inject: slow_consumer, on: blue, at: chaos, for: 5s, share: 50%, rate: 1KiB}",
		New:      func() Effect { return new(SlowConsumer) },
	})
}
