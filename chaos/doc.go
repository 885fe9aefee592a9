// Package chaos is the vocabulary of what can be broken: faults and their kinds, whom
// they touch, what proves that they happened. It is pure; backends that break things
// implement Injector, and those that stand between clients and targets also Wire.
//
//	Fault ──▶ Injector.Inject ──▶ the backend counts ──▶ Evidence.Judge ──▶ State
//
// # A fault in one file
//
// A kind of fault is one file here, named after it, with three things in it:
//
//  1. a struct whose exported fields are the attributes that a scenario writes, each
//     with json and yaml tags of the same name and its default in the comment;
//  2. the methods Kind, the name, String, the attributes in words, and Check, one
//     sentence per wrong attribute;
//  3. an init that calls register with the Kind record: what it is, its parameters,
//     the backends that can express it, the evidence that confirms it, an example, and
//     New, which returns a pointer to a new effect with its defaults set.
//
// The listing, the decoding of scenarios and of the wire, and the documentation follow
// from the record. What is left is a backend that obeys it (chaos/toxi: a case in
// order.obey and a rule in the tap) and, when its evidence needs a rule of its own, a
// line in Evidence.Judge.
package chaos
