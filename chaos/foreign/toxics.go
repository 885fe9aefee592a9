package foreign

import (
	"fmt"
	"time"

	"github.com/wsheal/wsheal/chaos"
)

// toxics are what expresses an effect there, one for each direction. Refusal has been asked.
func toxics(name string, e chaos.Effect) []toxic {
	var kind string
	var attributes map[string]int64
	var way chaos.Direction
	switch e := chaos.Value(e).(type) {
	case chaos.Latency:
		kind, way = "latency", e.Way()
		attributes = map[string]int64{"latency": e.Delay.Milliseconds(), "jitter": e.Jitter.Milliseconds()}
	case chaos.Bandwidth:
		kind, way = "bandwidth", e.Way()
		attributes = map[string]int64{"rate": e.Rate / 1000}
	case chaos.Slice:
		kind, way = "slicer", e.Way()
		attributes = map[string]int64{"average_size": e.Size, "size_variation": 0, "delay": e.Pause.Microseconds()}
	case chaos.Limit:
		kind, way = "limit_data", e.Way()
		attributes = map[string]int64{"bytes": e.Bytes}
	case chaos.SlowClose:
		kind, way = "slow_close", e.Way()
		attributes = map[string]int64{"delay": e.Delay.Milliseconds()}
	case chaos.Partition:
		// Its timeout drops what comes and closes the connections when it is removed. A rate
		// of 0 keeps what comes and delivers it afterwards.
		kind, way = "bandwidth", e.Way()
		attributes = map[string]int64{"rate": 0}
	}
	var list []toxic
	for stream, one := range map[string]chaos.Direction{"upstream": chaos.Up, "downstream": chaos.Down} {
		if way.Covers(one) {
			list = append(list, toxic{name + "_" + stream, kind, stream, 1, attributes})
		}
	}
	return list
}

// expected is what a canary must see of an effect.
type expected struct {
	least  time.Duration // an answer takes at least this; 0: not to be told from none
	silent bool          // no answer comes
	rate   int64         // bytes per second; 0: no limit
	up     bool          // of the rate: what goes up is limited
	pieces int64         // into which an answer is cut; 0: it is not
	bytes  int64         // that come before the connection ends; 0: it does not end
	leaves bool          // it ends its stream, and least is how long the other end takes to come
}

func expects(e chaos.Effect) (expected, error) {
	switch e := chaos.Value(e).(type) {
	case chaos.Latency:
		least := e.Delay - e.Jitter
		if e.Way() == chaos.Both {
			least *= 2
		}
		return expected{least: least}, nil
	case chaos.Bandwidth:
		return expected{rate: e.Rate, up: e.Way() != chaos.Down}, nil
	case chaos.Slice:
		pieces := chaos.SeenPieces(e.Size)
		least := time.Duration(pieces-1) * e.Pause
		if e.Way() == chaos.Both {
			least *= 2
		}
		return expected{least: least, pieces: pieces}, nil
	case chaos.Limit:
		return expected{bytes: e.Bytes}, nil
	case chaos.SlowClose:
		least := e.Delay
		if e.Way() == chaos.Both { // its own end, and the other that this brings with it
			least *= 2
		}
		return expected{least: least, leaves: true}, nil
	case chaos.Partition:
		return expected{silent: true}, nil
	}
	return expected{}, fmt.Errorf("%s cannot express %s", chaos.ByToxiproxy, e.Kind())
}
