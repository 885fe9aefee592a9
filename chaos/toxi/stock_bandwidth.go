package toxi

import (
	"encoding/json"
	"fmt"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["bandwidth"] = readBandwidth }

// readBandwidth reads Toxiproxy's rate, KB/s. A rate of 0 lets nothing through and loses
// nothing, by which people cut connections that are to heal.
func readBandwidth(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	const kind = "bandwidth"
	if own, err := ours(attributes); own || err != nil {
		return obeyedByKind(kind, attributes, way, err)
	}
	var rate int64
	if err := fields(kind, attributes, map[string]*int64{"rate": &rate}); err != nil {
		return nil, err
	}
	o := &order{way: wayOr(way)}
	switch {
	case rate == 0:
		o.rule = dam{}
	case rate > 1<<40:
		return nil, badRequest(fmt.Sprintf("%s: attribute \"rate\": %d KB/s is above %d", kind, rate, 1<<40))
	default:
		o.rule = bandwidth{rate: 1000 * rate}
	}
	return o, nil
}

// dam holds bytes. An end of stream with none before it passes, as with Toxiproxy.
type dam struct{}

func (dam) holds() (bytes, ends bool) { return true, false }
