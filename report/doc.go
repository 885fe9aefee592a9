// Package report computes everything that is said of a run from the two files that the
// run leaves behind. It is pure: readers in, values out, and writers for what is to be
// read; no clock, no goroutine, no file.
//
//	journal.ndjson ─▶ Build ─▶ Summary ─┬▶ WriteText  terminal
//	latency.hlog ───▶                   ├▶ WriteJSON  summary.json
//	                                    └▶ WriteHTML  report.html
//
// Package report/export has the formats of other tools.
//
// A run that was recorded on several machines is merged first (Merge): the pieces' order
// does not matter, and the result is what one machine would have recorded.
//
// The same files give the same summary, byte for byte. A file that was cut off, or has
// damaged lines, is read as far as it goes; what was wrong is in Summary.Warnings, with
// line numbers.
//
// # Journal
//
// One Record a line, the Run first, End last; a journal without End was cut off. Times
// are ns since the run's start. Lines may be up to a second out of order, since many
// goroutines write them; records of the same nanosecond have an order of their own, edges
// before what happens at them. A step or a phase that is later still proves that a clock
// went back, and then nothing is proven. Records of another Schema are refused. What lacks
// its time, or a step its client, its event or its phases, is skipped with a warning and
// not read as 0. What is kept in memory follows clients, outages, seconds and faults, and
// not the journal's length: a step is read into the place of one that has been given.
//
// # Usable
//
// A client is usable while its phase is ready, stable, suspect, checking, moving or
// joining: a validated exchange has come back on its connection, and nothing is known to
// have ended it; one that moves has its old connection until the new one has proved itself.
// Everything about recovery and availability is computed from the moments at which this
// changes, not from samples.
//
// # Recovery
//
// With R(t) = usable(t)/B, B the median of usable clients over the baseline (weighted by
// time, up to the first fault's command), a mark t_q is the time from a zero until R >= q
// for good: the end of the last fall below q, and not of the first. It counts from the
// first fall below q at or after the zero: a partition that is noticed after 10 s has not
// recovered at 0 s. Where R never fell below q it is 0; where R is below q at the end, or
// the run ended before the hold time was over, it is -1. The zeros are the fault's edges:
// commanded, confirmed (the default), cleared; a fault without duration is over when it is
// confirmed. With several faults each is judged for itself (FaultResult.Fleet), for good
// being up to the next one's command: a later fall is the next one's, unless R was not yet
// back for the hold time; then it is one outage, which ends when both are over. The run's
// marks are the worst of them. (After RFC 6412 and 6413: convergence, with a sustained
// time.)
//
// A client's outage is from its loss to being usable again for good, that is until the
// next fault or the end. Clients that are not usable at the end are censored: they are in
// the percentiles as longer than any other (-1), never dropped. A percentile is the
// nearest rank.
//
// Where outages were seen for unequal times, because clients were lost at different ones,
// the Kaplan-Meier estimate (Recovery.Estimate, Survival) counts those that are not over
// for as long as they were seen.
//
// Besides from its loss, a client's recovery counts from the fault's confirmed edge
// (onset, what its user feels) and from the fault's end or its loss, whichever is later
// (lag, what the policy costs).
//
// Outages are taken apart into what the client was at: detect, from the confirmed edge to
// the loss being noticed; backoff; admission; failed attempts, with those that came back
// and did not stay; tcp, tls, upgrade and prove of the attempt that did; relapse, usable in
// between; stopped. The parts sum to the whole. Tcp has what comes before it, too: names and
// credentials. Upgrade has the server's queue and work, which a client cannot tell apart.
// Journals that do not say when there was a connection have tcp, tls and upgrade in one, dial,
// and no value for the metrics of the three; outage.dial is of all four together.
//
// Floor is what the targets' handshake capacity mu allows at best from the cleared edge
// on: the clients that must come back for 99 %, divided by mu. Round trips and detection
// are left out, so it is a lower bound. FloorNoticed is the same when no loss is known
// sooner than its client noticed it.
//
// Metastable failure is suspected where the fleet, or its answers, have not recovered
// max(30 s, 5 floors) after the last fault, and something sustains that: in the last ten
// seconds most attempts fail and fewer than one in a hundred clients are gained, or less
// than half of the baseline's answers come while messages are sent again. Before that time
// it has no value.
//
// # Targets that do not answer
//
// Of a target that sends of its own accord (Run.Pattern push) what comes is counted, by the
// phase of its coming: it stands in the place of answers in Dip and in the course of the run,
// and the time between two messages to a client, over reconnects, is the latency kind "gap".
// How many each client got, and the longest that one waited, is in the record pushed, which
// is written at the end. Of one that answers nothing (silent) what was sent is known. Of both
// there are Pings. What rests on answers has no value (Lacks): it is left out, and not 0.
//
// # Storm
//
// An attempt is a dial after the first fault's command. It has healed when its client is
// usable by it; it has failed when the client dials again, waits, asks or gives up instead.
// The dial of a planned move is none (Storm.Moves counts them), unless the old connection
// is lost meanwhile: from then on it is what the client comes back by.
// Peaks are exact: the most attempts in any half-open window of that length. Their share
// is of the clients that lost their connection, who could all come back at once, and not
// of the losses, which a client that flaps could multiply. Failed attempts are hopeless
// when they began before the last fault was over, else collateral.
//
// The synchronisation index is S = (D - 1/m)/(1 - 1/m) over the m bins of 100 ms from the
// first loss to full recovery (or the last attempt, when that was not reached), with
// D = sum n(n-1)/(N(N-1)): the chance that two attempts share a bin, 0 when they are
// spread evenly, 1 in lock-step. Unlike Gini or peak-to-mean it does not depend on the
// size of the fleet.
//
// # Balance
//
// Clients are counted at the endpoint of the connection that they use, at the first
// fault's command and at the end. The journal knows no weights, so the spread is held
// against what it was, and not against what it should be.
//
// # Sharing
//
// Clients of one pool ask before they dial. That wait is admission, not backoff: per dial
// asked for after the first fault's command, from asking to being admitted. What they
// notice together (storms, panics, a spent retry budget, endpoints ejected or degraded) is
// in Sharing.Spans, an ejected endpoint being probed as still ejected. Clients that are
// alone have none of it.
//
// # Messages and latency
//
// A message belongs to the phase in which it was due, whenever it was answered. Lost is
// what was due and not answered by the end. Response is from the intended time, service
// from the actual send. Percentiles are over all messages due, lost ones slower than any:
// where more are lost than a percentile leaves out, it has no finite value (-1). Answers
// that took longer than an hour count as of one. Losses are known for all cohorts together
// only, so the rows of one cohort are of answers.
//
// Service counts as lost what was sent and never answered. It counts from when the kernel had
// taken the message; an answer that was read sooner than that was noted took no time at all.
//
// The dip is of answers per second, by when they came, over the baseline's median, in
// stretches of a second from the first fault's command to the plan's end. Its band is 3
// median absolute deviations of the baseline wide, 5 % at least; catching up is told apart
// and never set against what was missing. A message waits while it is due and not yet
// handed to the kernel.
//
// Budgets are those of 99.9 % over 30 days, as if the run happened once in that time.
//
// Phase "all" is everything but warmup. Phase "settled" is approximated: answers that
// came in intervals of latency.hlog wholly after t100 and the hold time, and as lost the
// messages due less those answered in such intervals. Shift compares the median response
// in intervals wholly between a fault's confirmed and cleared edge with the baseline's.
// Intervals are a second, so faults shorter than two may have none. A fault's shift is of
// the clients in its own cohort, whichever others have them, too. Latency.shift is one
// number over all faults that last: the answers of each one's cohort in its own time, taken
// together, against those of the same clients in the baseline; where they differ,
// FaultResult.Shift tells them apart. Control are the clients in no cohort.
//
// # Pictures
//
// What is only drawn is in the summary, too, bounded. Heat counts answers by when they came
// and how long they took, eight rows to a factor of ten, in 240 columns at most.
// LatencyRow.Curve is the distribution, closer in the tail. Raster has the attempts one by
// one; where there are more than 2,000, of every second client, or fourth, and so on.
// Outage.Strip is how the slowest outages went, in 64 stretches at most; times by stretch
// sum to Outage.Parts. Events are the first and the last 200.
//
// report.html is complete as it is sent: charts are SVG whose colours are attributes, each
// with its figures as a table. The only script draws the timeline anew, with zoom and cursor
// (uPlot, see uplot/README.md); the page's policy names it by its digest, and nothing else
// can run or load. A page has 2 MiB at most; what does not fit is left out, and it says so.
//
// # No value, no finite value
//
// A metric without data is in neither Summary.Metrics nor Summary.Unbounded; a gate on it
// has "no data", which never passes. A metric without a finite value is listed in
// Summary.Unbounded, as JSON has no infinity, and breaks every upper limit. One that rests
// on a sample has its size in Summary.Samples; where that is less than Metric.Min, gates on
// it say so (GateResult.Few). Of a run that
// ended early neither it nor what only the end can tell (messages.lost, recovery.unhealed)
// has a value: what is missing may have been on its way.
//
// # Verdict
//
// The first that applies: invalid when the harness was unfit (Fitness, and the limits in
// verdict.go), inconclusive when the journal holds several runs, the run did not end
// as planned, steady state was not met, a fault is not confirmed or a gate has no data,
// fail when a gate is broken, else pass. Reasons has them all in that order, save what
// only follows from a run's end for want of a steady state.
package report
