package chaos

import "hash/fnv"

// IdentityHeader names the client in an upgrade request, "client/generation", both
// decimal: by it a proxy and a target know who is who, over reconnects too.
const IdentityHeader = "X-Wsheal-Client"

// IdentityParameter is the same as a parameter of the request's query, for clients that
// cannot send headers, as in browsers. Of both, a generation may be left out.
const IdentityParameter = "wsheal-client"

// InCohort says whether a fault touches a client: a keyed hash of (seed, fault,
// client) against the share, so that the choice is sticky over reconnects and the
// same wherever it is computed. A share of 0 takes nobody, 1 everybody.
func InCohort(seed uint64, fault string, client uint64, share float64) bool {
	h := fnv.New64a()
	var b [8]byte
	put := func(x uint64) {
		for i := range b {
			b[i] = byte(x >> (8 * i))
		}
		h.Write(b[:])
	}
	put(seed)
	h.Write([]byte(fault))
	put(client)
	x := h.Sum64()
	// FNV alone leaves the high bits of short keys poorly mixed; one round of
	// MurmurHash3's finaliser evens them out.
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11)/(1<<53) < share
}
