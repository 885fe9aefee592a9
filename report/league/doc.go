// Package league says how healing policies stand against each other after a trial: the same
// faults, the same random numbers, a table per scenario. It is pure: runs in, a Table out,
// and writers for what is to be read.
//
//	Plan, runs ─▶ Build ─▶ Table ─▶ text, JSON, HTML
//
// # Standings
//
// A figure is the median over a policy's rounds, and from six rounds on has an interval:
// the order statistics that the sign test leaves at 95 %, which assume nothing of how the
// figures are distributed. Runs that are invalid, inconclusive or cut off measured something
// else and are left out. A recovery that was not reached is longer than any; it is written
// as more than the time that it had, with the number of clients that were not back.
//
// Recovery counts from when capacity returned (recovery.cleared). Its floor is F = k/mu, with
// k the clients that must come back for 99 % of the fleet, and mu the servers' handshakes a
// second; efficiency is floor / t99. Where the faults of a scenario have no floor in common,
// k is 99 % of the clients that lost their connection.
//
// # The front, and the frontier
//
// A policy is on the Pareto front of a scenario when no other one had both its t99 and its
// storm peak as low, and one of them lower. What takes part must be comparable: policies
// that were told the capacity stand beside the others, and policies that did not recover
// beat nobody.
//
// The frontier is what physics allows: with a peak of sigma times mu attempts a second
// nobody is back sooner than T = F·max(1, 1/sigma), since below mu the dials are too few, and
// above it the server is.
package league
