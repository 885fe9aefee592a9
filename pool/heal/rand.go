package heal

import "time"

// Purpose separates the draws of one client, so that asking for one number never
// changes another.
type Purpose uint8

const (
	DrawFirst    Purpose = iota + 1 // spread of the first reconnect after an abnormal loss
	DrawBackoff                     // every later delay
	DrawPing                        // how long a connection may be silent
	DrawEndpoint                    // which endpoint to dial
	DrawThrottle                    // what is added to a server's Retry-After
	DrawCheck                       // when a connection is validated again
	DrawLifetime                    // when a connection is replaced
	DrawScatter                     // spread of a reconnect after a loss that many shared
	DrawCrowd                       // what a pool draws for all of its clients
)

var purposeNames = names[Purpose]{
	0: "none", DrawFirst: "first", DrawBackoff: "backoff", DrawPing: "ping",
	DrawEndpoint: "endpoint", DrawThrottle: "throttle",
	DrawCheck: "check", DrawLifetime: "lifetime", DrawScatter: "scatter", DrawCrowd: "crowd",
}

func (p Purpose) String() string { return purposeNames.of(p) }

// Rand draws by key: the number for (Seed, Client, purpose, n) is always the same,
// whatever was drawn before and on whichever goroutine or machine. Policies can so
// be compared on common random numbers.
type Rand struct {
	Seed   uint64
	Client uint64
}

// Uint64 returns the draw for (Seed, Client, p, n), uniform over all 64 bits.
func (r Rand) Uint64(p Purpose, n uint64) uint64 {
	x := mix(r.Seed + 0x9e3779b97f4a7c15)
	x = mix(x ^ r.Client + 0x9e3779b97f4a7c15)
	x = mix(x ^ uint64(p) + 0x9e3779b97f4a7c15)
	return mix(x ^ n + 0x9e3779b97f4a7c15)
}

// Float returns the draw in [0, 1).
func (r Rand) Float(p Purpose, n uint64) float64 {
	return float64(r.Uint64(p, n)>>11) / (1 << 53)
}

// Between returns the draw in [lo, hi), and lo when the interval is empty.
func (r Rand) Between(p Purpose, n uint64, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(r.Float(p, n)*float64(hi-lo))
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, section 3).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
