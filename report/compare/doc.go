// Package compare says whether runs of something new are worse than runs of something
// old, how sure that is, and what it could not have seen. It is pure: values in, a
// Comparison out, and writers for what is to be read.
//
//	run directories ─▶ report.Summary ─▶ Run ─┐
//	baseline file ──────────────────────▶ Run ┴▶ Compare ─▶ Comparison ─▶ text, JSON, markdown
//
// # What is compared
//
// The replicate is the run, which is one episode of its faults: a thousand clients that one
// reset hits are one sample of how the fleet heals, not a thousand. Runs are compared in
// pairs, by their seeds where the two arms have the same ones (a pair then shares all its
// random numbers), else in the order in which they began.
//
// Each metric is turned into a cost, of which more is worse: a duration stands for itself,
// availability for what it lacks, a rate for its inverse. Of a pair, the logarithm of the
// ratio new/old is taken. Metrics that count what happened (messages.lost) or that may be
// negative have no ratio; of them the difference is taken, and the margin is that share of
// the old runs' mean, which is 0 where they had none.
//
// Zeros and what has no finite value are kept, as what they are in the order of things. Two
// zeros are equal. A zero against more than that is a ratio without bound. A recovery that
// was not reached counts as longer than any (worst-rank scores: Lachin 1999); where neither
// run of a pair reached it, nobody knows which would have been sooner, and the pair counts
// for the one when the lower bound is computed and for the other in the upper.
//
// Runs that are invalid, inconclusive or cut off measured something else, and their pair is
// left out; runs that failed their own gates are kept. With more than a tenth of the pairs
// left out nothing is passed.
//
// # Statistics
//
// The estimate is that of Hodges and Lehmann (1963): the median of the averages of all two
// pairs, each with itself too. Its interval is the exact one of Wilcoxon's signed-rank test:
// the averages of certain ranks, by the distribution of the statistic over all 2^n signs.
// With ties it covers at least as often as it says (Noether 1967). It assumes that the
// pairs are independent and their differences symmetric about their median, which holds
// by itself where the arms do not differ and their order is random. Below six pairs there
// is no interval of 95 %.
//
// A metric is worse where the interval of its change lies beyond the margin, after Holm's
// correction for the number of metrics; it is not worse where the interval ends before the
// margin. All else is "~": not proven, whatever the estimate looks like. The whole fails
// with one metric that is worse; it passes when every one is not worse (all of them have to
// be, so there is nothing to correct: Berger 1982).
//
// A second arm of the old, run among the others, shows what differs where nothing does (the
// noise floor). Where that may be more than the margin, a metric cannot pass, and is worse
// only beyond the noise floor.
//
// What each comparison could see is printed beside what it saw: the least change that would
// have been called worse in 80 of 100 such comparisons, by the normal approximation with
// the efficiency of the signed-rank test, 3/pi.
package compare
