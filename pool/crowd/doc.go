// Package crowd decides what the clients of one pool decide together: who may dial
// now and where, whether an endpoint is fit, whether so many were lost at once that
// coming back has to be spread, and how many connections there should be. Like package
// heal it is pure: events and the time come in, actions go out.
//
//	clients ── asked ──▶ ┌─────────────────────┐ ── admit ──▶ clients
//	opened, failed ────▶ │ lanes: fresh, retry,│ ── scatter ▶ those who wait
//	proved, stable, lost │ move                │ ── shed ───▶ those connected to an endpoint
//	answered ──────────▶ │ endpoints: limit,   │ ── report ─▶ whoever watches
//	ticked ────────────▶ │ health, latency     │ ── arm ────▶ the driver's one timer
//	                     └─────────────────────┘
//
// # Admission
//
// A dial is asked for and admitted. Clients wait in three lanes: those that come from
// nothing or from a stable connection, those whose last attempt failed, and those that
// have a connection and are to have another. Within a lane the first is served first;
// between lanes it is the one who has waited longest, a move having waited 10 s less.
// At most [Policy].Dials handshakes are under way, and at each endpoint at most its limit:
// it begins at EndpointDials, is halved when a failure tells of load or most of a round
// are slow, and grows by one a round. An endpoint that answered 429, 503 or 1013 with a
// Retry-After gets nothing until that is over and up to a fifth more. Where one endpoint
// is full another of the same priority is taken, never one of a worse priority.
//
// Retries, and they alone, need budget: see [Policy].Budget. First attempts do not, so
// that no cold start is starved. A budget that is empty lets one retry per Floor through
// to each endpoint, and two more for each attempt that is proved.
//
// # Health
//
//	unknown ──────── first proof ────────▶ healthy ◀── slow, not slow ──▶ degraded
//	   └── first proof, joined late ──▶ warming
//
//	warming ── WarmUp after its first stable connection ──▶ healthy
//
//	unknown, healthy, degraded ── EjectAfter failures in a row ──┐
//	warming ── the same, or one before its first is stable ──────┤
//	probing ── a probe failed, or its lease is over ─────────────┤
//	           ┌─────────────────────────────────────────────────┘
//	           ├─ EjectShare allows it ──▶ ejected ── its time is over ──▶ probing
//	           └─ it does not ───────────▶ probing, one attempt in about a Floor
//
//	probing, ejected and used in a panic ── proved ──▶ warming
//
//	any ── off the list ──▶ draining ── nobody is there any more ──▶ removed
//	draining, removed ── on the list again ──▶ what it was, or unknown
//
// Establishment failures count until a proof, early deaths until a stable connection: a
// server that accepts and then closes is not fit, however often it accepts. Refusals of
// one client (401, 403, 404, 1008, 4xxx) say nothing of the endpoint, throttling that it
// is busy and not that it is unfit. Ejection lasts EjectFor times n, ±20 %, and cuts no
// connection. A probing endpoint gets Probes attempts at once, each a lease that ends. When
// nobody asks, a connected client is asked to move there, for else it would not be found
// out. The last endpoint that is fit is never ejected. When fewer than PanicBelow of the
// priority in use are fit, all of them are used, carefully; when none of any priority is,
// all of all. The last one that failed counts as fit again with its next proof, or when it
// has not failed for EjectCap.
//
// The priority in use is the best that has a fit endpoint: a worse one at once, a better
// one after FailbackHold. Those who are connected to a worse one then follow.
//
// # Storms
//
// Losses of StormShare within StormWindow have one cause. Everybody who waits is
// scattered over StormSpread, and all limits are halved once; what the endpoints cannot
// take in that time waits for admission. A storm is over when nothing was lost for a
// window and 80 % are back, or after twice the time over which it was scattered.
//
// # Invariants
//
// Each has a test of its number, and all are held by FuzzCrowd.
//
//  1. No admission beyond Dials, nor beyond an endpoint's limit, which is at least 1 and
//     at most EndpointDials.
//  2. Nothing is admitted to a draining or removed endpoint, to one that is paused and,
//     save in a panic, to one that is ejected.
//  3. A client is admitted once for each time that it asked, and not after it withdrew.
//  4. Who asks is admitted in the order of its lane, and eventually, if any endpoint
//     accepts.
//  5. An admission that is never answered frees its place after 2·ProbeLease, a probe
//     after ProbeLease. No more than Probes are under way.
//  6. A budget that is empty lets one retry per endpoint and Floor through.
//  7. The last fit endpoint is not ejected, and never more than EjectShare are.
//  8. An endpoint that is healthy again is found fit in bounded time, also when nobody
//     asks.
//  9. Ejections grow with n, are jittered after the cap, and n is forgotten with healthy
//     time.
//  10. A 101 improves nothing: accept-then-close is ejected like a refusal.
//  11. Planned losses make no storm. Storms begin and end in turn, cut limits once, and do
//     not flap.
//  12. An address keeps its index, and a refresh changes nothing.
//  13. No more than RebalanceRate of the clients are told to move in a second, none in a
//     storm, and none from the last fit endpoint.
//  14. Failover is at once, failback after FailbackHold.
//  15. A step with room in out allocates nothing, and takes time in proportion to the
//     endpoints at most.
package crowd
