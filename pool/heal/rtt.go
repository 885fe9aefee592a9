package heal

import (
	"math"
	"time"
)

// sample takes a measured round trip into the smoothed one and its variation, as RFC 6298
// section 2.2 and 2.3 have it: alpha is 1/8, beta is 1/4.
func (s *State) sample(rtt time.Duration) {
	if rtt <= 0 {
		return
	}
	r := int64(min(max(rtt.Microseconds(), 1), math.MaxUint32))
	if s.SRTT == 0 {
		s.SRTT, s.RTTVar = uint32(r), uint32(r/2)
		return
	}
	srtt, rttvar := int64(s.SRTT), int64(s.RTTVar)
	off := srtt - r
	rttvar += (max(off, -off) - rttvar) / 4
	s.SRTT, s.RTTVar = uint32(max(srtt-off/8, 1)), uint32(rttvar)
}

// forget drops what was measured: the next connection goes another way.
func (s *State) forget() { s.SRTT, s.RTTVar = 0, 0 }

// PongTimeout is how long a ping may stay unanswered once it was handed over and nothing
// moves: srtt + 4·rttvar within the policy's bounds, and the longest that the policy
// allows where nothing was measured yet or PingTimeoutMin is 0.
func (p *Policy) PongTimeout(s *State) time.Duration {
	if p.PingTimeoutMin == 0 || s.SRTT == 0 {
		return p.PingTimeout
	}
	rto := time.Duration(s.SRTT)*time.Microsecond + 4*time.Duration(s.RTTVar)*time.Microsecond
	return min(max(rto, p.PingTimeoutMin), p.PingTimeout)
}
