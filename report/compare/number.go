package compare

import (
	"encoding/json"
	"fmt"
	"math"
)

// Number is a number that may have no bound. In JSON it is a number, "+Inf" or "-Inf"; NaN,
// which is not known, is null.
type Number float64

// MarshalJSON writes the number.
func (n Number) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte("null"), nil
	case math.IsInf(v, 1):
		return []byte(`"+Inf"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Inf"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*n = Number(math.NaN())
	case `"+Inf"`:
		*n = Number(math.Inf(1))
	case `"-Inf"`:
		*n = Number(math.Inf(-1))
	default:
		var v float64
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("%s: expected a number, \"+Inf\", \"-Inf\" or null", text)
		}
		*n = Number(v)
	}
	return nil
}

func (n Number) known() bool { return !math.IsNaN(float64(n)) }
