// Package trial runs many runs as one question: the same scenario again and again, of one
// arm or of several that take turns.
//
//	arms × rounds ─▶ Jobs, in random order within each round ─▶ Run, one after the other
//
// A round has every arm once, with one seed, so that the arms of a round share the random
// numbers that do not depend on what differs between them: the runs of a round are pairs.
// The order within a round is drawn from the series' own seed, so that no arm always runs
// first, on a machine that is still cold, and what drifts in an hour falls on all of them
// alike. Runs never overlap: they would fight for the CPU during each other's storms. A trial
// of many policies may be asked to let them (RunAll), and gives that up for time.
//
// A Case holds a claim against a pair of scenarios, before and after. A Kick proves of a fleet
// that does not come back that it keeps its server down by itself; FindNStar measures the
// largest that does come back, and holds it against the Law that predicts it.
package trial
