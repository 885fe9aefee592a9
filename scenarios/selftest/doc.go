// Package selftest holds the gates against healers that are bad on purpose: a gate that
// catches none of them proves nothing when it passes.
//
//	Case ─┬▶ bad:  the scenario, healed badly     ─▶ the gate that is meant for it must break
//	      └▶ good: the same without the bad habit ─▶ no gate may break
//	placebo: a fault that harms nobody            ─▶ what each metric reads of nothing
//
// All run through the ordinary engine, on real sockets, and are judged by the ordinary
// gates from their journals. Three bad habits are policies. The others are no policy that
// the fleet could be told, for it does not do such things: they stand around it, between
// the engine and the fleet, or between the fleet and its sockets, and do what they are
// accused of.
package selftest
