package toxi

import (
	"encoding/json"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["reset_peer"] = readResetPeer }

// resetPeer is Toxiproxy's own reset. Here it also resets what was open before; then, as
// there, whatever something crosses on.
type resetPeer struct{ reset }

func (resetPeer) breaks(*order, *lane, []byte) deed { return resets }

// readResetPeer reads Toxiproxy's reset_peer. With a time, ms, what comes is swallowed, and
// the reset comes that long after the toxic took hold of the connection.
func readResetPeer(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	const kind = "reset_peer"
	var ms int64
	if err := fields(kind, attributes, map[string]*int64{"timeout": &ms}); err != nil {
		return nil, err
	}
	after, err := milliseconds(kind, "timeout", ms)
	o := &order{rule: resetPeer{}, way: wayOr(way)}
	if after > 0 {
		o.rule = timeout{after, resets}
	}
	return o, err
}
