package heal

import "time"

// moment is an instant in half the room: milliseconds since the epoch, rounded up, modulo
// 2^32. It is for what lies at most a policy's longest duration ahead, and is told from its
// double 49 days away by the time at which it is looked at.
type moment uint32

func momentOf(t Instant) moment {
	return moment((t + Instant(time.Millisecond) - 1) / Instant(time.Millisecond))
}

// after returns the moment as an instant, seen at now. What seems to lie further ahead
// than anything may has passed long ago, and is due.
func (m moment) after(now Instant) Instant {
	today := now / Instant(time.Millisecond)
	ahead := time.Duration(int32(uint32(m)-uint32(today))) * time.Millisecond
	if ahead > 2*longest {
		return now
	}
	return today*Instant(time.Millisecond) + Instant(ahead)
}
