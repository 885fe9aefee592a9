package toxi

import (
	"encoding/json"
	"fmt"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(chaos.Reset) (rule, chaos.Direction) { return reset{}, chaos.Both })
	stockToxics["reset_peer"] = readResetPeer
}

// reset ends what is open.
type reset struct{}

func (reset) sweep(o *order, c *conn) fate { return c.cut(o) }

// resetPeer is Toxiproxy's own reset. Here it also resets what was open before; then, as
// there, whatever something crosses on.
type resetPeer struct{ reset }

func (resetPeer) breaks(*order, *lane, []byte) deed { return resets }

// readResetPeer reads Toxiproxy's reset_peer, of which only the immediate one is offered.
func readResetPeer(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	var timeout int64
	if err := take(attributes, "timeout", &timeout); err != nil {
		return nil, err
	}
	if timeout != 0 {
		return nil, badRequest("reset_peer: only timeout 0 is offered")
	}
	for name := range attributes {
		return nil, badRequest(fmt.Sprintf("reset_peer: unknown attribute %q, expected timeout", name))
	}
	if way == "" {
		way = chaos.Down
	}
	return &order{rule: resetPeer{}, way: way}, nil
}
