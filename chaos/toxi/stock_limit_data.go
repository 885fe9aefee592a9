package toxi

import (
	"encoding/json"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["limit_data"] = readLimitData }

// endAtOnce ends a connection on which something comes, with a FIN.
type endAtOnce struct{}

func (endAtOnce) breaks(*order, *lane, []byte) deed { return finishes }

// readLimitData reads Toxiproxy's limit_data. Bytes count from when it took hold of the
// connection.
func readLimitData(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	var bytes int64
	if err := fields("limit_data", attributes, map[string]*int64{"bytes": &bytes}); err != nil {
		return nil, err
	}
	o := &order{rule: limit{bytes, finishes}, way: wayOr(way)}
	if bytes == 0 {
		o.rule = endAtOnce{}
	}
	return o, nil
}
