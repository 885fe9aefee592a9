package toxi

import (
	"encoding/json"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// stockLatency says whether a latency is written in Toxiproxy's own attributes alone. None
// at all is one, too, of 0 ms.
func stockLatency(kind string, attributes map[string]json.RawMessage) bool {
	if kind != (chaos.Latency{}).Kind() {
		return false
	}
	for name := range attributes {
		if name != "latency" && name != "jitter" {
			return false
		}
	}
	return true
}

// readLatency reads Toxiproxy's latency. People set it to 0 and back, and its jitter may
// exceed it: what is due before it came goes on at once.
func readLatency(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	const kind = "latency"
	var mean, jitter int64
	if err := fields(kind, attributes, map[string]*int64{"latency": &mean, "jitter": &jitter}); err != nil {
		return nil, err
	}
	r := latency{dist: chaos.Uniform}
	for name, set := range map[string]struct {
		ms   int64
		into *time.Duration
	}{"latency": {mean, &r.mean}, "jitter": {jitter, &r.jitter}} {
		d, err := milliseconds(kind, name, set.ms)
		if err != nil {
			return nil, err
		}
		*set.into = d
	}
	return &order{rule: r, way: wayOr(way)}, nil
}
