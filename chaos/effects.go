package chaos

import "time"

// Direction of bytes, seen from the client.
type Direction string

const (
	Both Direction = "both"
	Up   Direction = "up"   // client to target
	Down Direction = "down" // target to client
)

// Reset ends every connection of the cohort with a TCP RST, once, when it comes into force.
type Reset struct{}

// Partition holds every byte and every end of stream. Connections stay open; what was
// held flows when it is cleared.
type Partition struct {
	Direction Direction `json:"direction" yaml:"direction"` // default both
}

// Latency adds Delay ± Jitter (uniform) to everything that crosses.
type Latency struct {
	Delay     time.Duration `json:"delay" yaml:"delay"`
	Jitter    time.Duration `json:"jitter" yaml:"jitter"`       // at most Delay; default 0
	Direction Direction     `json:"direction" yaml:"direction"` // default down, so that the round trip grows by Delay; both adds it twice
}
