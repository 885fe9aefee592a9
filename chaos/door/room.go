package door

import "errors"

// Spare is how many descriptors of the process connections leave alone, so that whoever
// commands a fault is heard when they have used up all others. A process that may have few
// spares a quarter of them.
const Spare = 16

// ErrFull tells that only spared descriptors are left.
var ErrFull = errors.New("all descriptors but the spared ones are in use")

// ceiling is the first number that a connection's descriptor must not have. The system gives
// out the lowest number that is free, so that one above it tells that all below are taken.
func ceiling(limit, spare uint64) uint64 { return limit - min(spare, limit/4) }
