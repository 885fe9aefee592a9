// Package chaos is the vocabulary of what can be broken: faults and their kinds, whom
// they touch, what proves that they happened. It is pure; backends that break things
// implement Injector, and those that stand between clients and targets also Wire.
//
//	Fault ──▶ Injector.Inject ──▶ the backend counts ──▶ Evidence.Judge ──▶ State
//
// # The catalogue
//
// Every kind of fault is one row, a Kind, and everything that concerns kinds reads it:
// the list and the help, the format of scenarios and its schema, the decoding of the
// wire, what validate refuses, what confirms a fault, and the tests, which hold that
// every row is proved. A kind that nothing can carry out has no row.
//
// # A fault in one file
//
// A kind of fault is one file here, named after it, with three things in it:
//
//  1. a struct whose exported fields are the attributes that a scenario writes, each
//     with json and yaml tags of the same name;
//  2. the methods Kind, the name, String, the attributes in words, and Check, which is
//     inBounds unless attributes depend on each other;
//  3. an init that calls register with the row.
//
// And one file in each backend that can carry it out, which the row's Backends name. For
// the fault proxy, chaos/toxi, that is a rule (rule.go there says what rules can do),
// entered by obeys, and its proof: an entry of proofs, which says what clients do and what
// they see. A test holds rows against proofs, so that neither is without the other.
//
// What all faults have in common is in Fault: whom, where, for how long, over which time
// the cohort grows, whether the fault flaps.
//
// What is counted goes by the names of the row's Proof, in Evidence.Counts. A row's
// Evidence is confirmed by Judge: in force, on nobody outside the cohort, on at least
// Reach of it, every counter of Proof moved, and cleared.
package chaos
