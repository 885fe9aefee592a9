package scenarios

import (
	"slices"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/report"
)

// phaseNames in the order in which they come.
var phaseNames = []string{"warmup", "baseline", "chaos", "recovery", "verify"}

func isPhase(name string) bool { return slices.Contains(phaseNames, name) }

// Bounds of what one run can hold.
const (
	mostClients   = 1_000_000
	mostEndpoints = 256 // an endpoint's number is one byte
	leastSize     = 32  // a message carries its number and its times
	mostSize      = 1 << 20
)

// format is the whole of the scenario format.
var format = shape{fields: []field{
	{name: "scenario", about: "name of the scenario", required: true, shape: valueOf(nameValue)},
	{name: "about", about: "one sentence: what happens, and what must hold", shape: valueOf(textValue)},
	{name: "seed", about: "key of every random choice", preset: "1", shape: valueOf(seedValue)},
	{name: "targets", about: "the servers under test, by name", required: true, shape: shape{byName: &targetShape}},
	{name: "clients", about: "the fleet", required: true, shape: clientsShape},
	{name: "load", about: "the messages that clients send, on schedule whatever the answers do", shape: loadShape},
	{name: "phases", about: "how long each part of the run takes; 0 leaves it out", shape: phasesShape},
	{name: "hold", about: "how long a recovery must last to count", preset: "3s", shape: valueOf(durationValue)},
	{name: "steady_state", about: "conditions checked before chaos; when one is not met, nothing is proven", shape: gatesShape},
	{name: "faults", about: "what is broken on purpose", shape: shape{items: &faultShape}},
	{name: "gates", about: "limits that decide between pass and fail", shape: gatesShape},
}}

var targetShape = shape{
	oneOf: []string{"embedded", "url"},
	fields: []field{
		{name: "embedded", about: "the built-in echo server, started for the run", shape: shape{fields: []field{
			{name: "handshake", about: "its capacity to accept connections", shape: handshakeShape},
			{name: "replies", about: "what it does with its replies, so many exactly, and counts; for holding reports against", shape: repliesShape},
			{name: "tls", about: "it speaks wss, with a certificate that the clients trust", preset: "false", shape: valueOf(boolValue)},
		}}},
		{name: "url", about: "address of a server: ws:// or wss://; a host other than this one needs --allow-remote", shape: valueOf(textValue)},
		{name: "command", about: "program and arguments, started before the run and ended with it; needs url", shape: shape{items: new(valueOf(textValue))}},
		{name: "headers", about: "sent with every upgrade; ${NAME} is a variable of the environment, whose value is in no file of the run", shape: headersShape},
		{name: "subprotocols", about: "offered, best first; the server must choose one of them", shape: shape{items: new(valueOf(textValue))}},
		{name: "tls", about: "how it is spoken to wss://; nothing: the system's authorities, and the host of url", shape: tlsShape},
		{name: "host", about: "a name under .test, such as blue.test, that clients dial in place of its address: a resolver of the run's has it, which inject: dns breaks", shape: valueOf(hostValue)},
		{name: "zone", about: "that it is in: inject: zone breaks all targets of one together", shape: valueOf(nameValue)},
	},
}

var handshakeShape = shape{fields: []field{
	{name: "workers", about: "handshakes at work at once; 0: no limit", preset: "0", shape: valueOf(integer(0, 1<<20))},
	{name: "cost", about: "time of one handshake", preset: "0s", shape: valueOf(durationValue)},
	{name: "burn", about: "the cost is burnt as CPU, not waited", preset: "false", shape: valueOf(boolValue)},
	{name: "queue", about: "handshakes that may wait; 0: no limit", preset: "0", shape: valueOf(integer(0, 1<<20))},
	{name: "overflow", about: "what happens beyond the queue", preset: "503", shape: valueOf(choice("503", "reset", "hang"))},
	{name: "retry_after", about: "sent with 503, in whole seconds; 0: not sent", preset: "0s", shape: valueOf(durationValue)},
	{name: "lifo", about: "serve the newest first", preset: "false", shape: valueOf(boolValue)},
	{name: "stale_work", about: "spend the cost on clients that have left, too", preset: "false", shape: valueOf(boolValue)},
}}

var clientsShape = shape{fields: []field{
	{name: "count", about: "how many", required: true, shape: valueOf(integer(1, mostClients))},
	{name: "command", about: "program and arguments that has the clients in place of the pool; {url} and {count}, also WSHEAL_URL and WSHEAL_COUNT, say where they dial and how many; measured from the wire", shape: shape{items: new(valueOf(textValue))}},
	{name: "ramp", about: "first dials are paced evenly over this, within the warmup", deduced: "2s, or the warmup when that is shorter", shape: valueOf(durationValue)},
	{name: "sharing", about: "alone: each client heals by itself, as browsers do; shared: they decide together, as those of one backend do", preset: Alone, shape: valueOf(choice(Alone, Shared))},
	{name: "endpoints", about: "where clients dial", deduced: "the target, when there is one only", shape: shape{items: &endpointShape}},
	{name: "policy", about: "rules of healing: a name, a file, or {base: default, …}", preset: "default", shape: shape{policy: true}},
}}

var endpointShape = shape{fields: []field{
	{name: "target", about: "name of a target", required: true, shape: valueOf(nameValue)},
	{name: "priority", about: "lower is dialled first", preset: "0", shape: valueOf(integer(0, 1<<20))},
	{name: "weight", about: "share among endpoints of equal priority", preset: "1", shape: valueOf(integer(1, 1<<20))},
}}

var phasesShape = shape{fields: []field{
	{name: "warmup", about: "clients connect", preset: "5s", shape: valueOf(durationValue)},
	{name: "baseline", about: "what is normal is measured", preset: "5s", shape: valueOf(durationValue)},
	{name: "chaos", about: "faults are in force", preset: "10s", shape: valueOf(durationValue)},
	{name: "recovery", about: "the fleet heals", preset: "20s", shape: valueOf(durationValue)},
	{name: "verify", about: "what is normal again is measured", preset: "0s", shape: valueOf(durationValue)},
}}

var gatesShape = shape{items: new(valueOf(gateValue))}

var faultShape = shape{
	by:    "inject",
	cases: faultCases(),
	fields: []field{
		{name: "name", about: "unique in the scenario", required: true, shape: valueOf(nameValue)},
		{name: "inject", about: "kind of fault; wsheal faults lists them, and wsheal faults KIND the fields that it adds", required: true, shape: valueOf(kindValue)},
		{name: "on", about: "name of the target", deduced: "the target, when there is one only", shape: valueOf(nameValue)},
		{name: "at", about: "phase, or phase+offset, from chaos on", preset: "chaos", shape: valueOf(momentValue)},
		{name: "share", about: "of the clients, drawn once per client", preset: "100%", shape: valueOf(shareValue)},
		{name: "expect", about: "what a canary of its cohort must see, one of these, and one outside it must not see; empty: no canary is sent", shape: shape{items: new(valueOf(choice(canarySights()...)))}},
		{name: "by", about: "what carries it out; wsheal faults has who can", deduced: "the first of the run's that can", shape: valueOf(choice(texts(chaos.Backends())...))},
	},
}

var flapShape = shape{fields: []field{
	{name: "up", about: "for which it is lifted, in turn with down, 10ms to 24h", required: true, shape: valueOf(durationValue)},
	{name: "down", about: "for which it is in force, beginning with this, 10ms to 24h", required: true, shape: valueOf(durationValue)},
	{name: "cycles", about: "times that it comes into force; 0: for as long as the fault lasts", preset: "0", shape: valueOf(integer(0, 1<<20))},
}}

var gateValue = &valueType{
	words:  "a gate such as recovery.t99 < 8s",
	check:  func(text string) error { _, err := report.ParseGate(text); return err },
	schema: map[string]any{"type": "string"},
}
