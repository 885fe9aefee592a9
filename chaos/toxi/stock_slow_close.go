package toxi

import (
	"encoding/json"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["slow_close"] = readSlowClose }

// lateEnd delays the end of stream and nothing else.
type lateEnd struct{ by time.Duration }

func readSlowClose(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	const kind = "slow_close"
	if own, err := ours(attributes); own || err != nil {
		return obeyedByKind(kind, attributes, way, err)
	}
	var ms int64
	if err := fields(kind, attributes, map[string]*int64{"delay": &ms}); err != nil {
		return nil, err
	}
	by, err := milliseconds(kind, "delay", ms)
	return &order{rule: lateEnd{by}, way: wayOr(way)}, err
}

func (r lateEnd) delay(_ *order, _ *lane, _ uint64, end bool) time.Duration {
	if end {
		return r.by
	}
	return 0
}
