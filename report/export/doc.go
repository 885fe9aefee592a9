// Package export writes a run in the formats of other tools: one file a format, each a
// pure function of the run directory's raw files, so that each is written again at any
// time, byte for byte.
//
//	Summary ─────────┬▶ json html md junit bench   what a run leaves
//	latency.hlog ────┼▶ hgrm prom                  percentiles and buckets of the answers
//	journal.ndjson ──┴▶ ecs csv metrics gitlab codequality
//
// # Names are inert
//
// Names of scenarios, faults, targets and whatever servers answer come from outside. In
// every format they are text and nothing else: control characters become "?", what a format
// gives a meaning to is escaped as that format says, and names in places that take only some
// signs have the others replaced by "_". No cell of a table begins what a spreadsheet
// would calculate, no line what a CI runner would obey.
//
// # Loss, and no finite value
//
// Percentiles are over all messages due. In .hgrm the curve ends where the lost ones begin;
// in Prometheus text they are in the bucket +Inf alone. A metric without a finite value is
// +Inf where a format has it, and else left out and counted; one without data is left out.
//
// # Time
//
// Formats that need a wall clock have the run's start plus the journal's own time. Where
// the start cannot be read, it is 1970.
package export
