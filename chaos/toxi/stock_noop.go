package toxi

import (
	"encoding/json"
	"fmt"

	"github.com/wsheal/wsheal/chaos"
)

func init() { stockToxics["noop"] = readNoop }

// noop does nothing.
type noop struct{}

// readNoop reads Toxiproxy's noop, which holds a toxic's place.
func readNoop(attributes map[string]json.RawMessage, way chaos.Direction) (*order, error) {
	for name := range attributes {
		return nil, badRequest(fmt.Sprintf("noop: unknown attribute %q, expected none", name))
	}
	return &order{rule: noop{}, way: wayOr(way)}, nil
}
