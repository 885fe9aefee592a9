// Package scenarios is the format of scenarios and the built-in library.
//
// A scenario is a script: what is under test, who connects to it, what is sent, what
// is broken and when, and which limits decide. This is a whole one:
//
//	scenario: mine
//	about: Half of the connections are reset; nobody else may notice.
//	targets:
//	  blue: {url: "ws://127.0.0.1:9001/"}
//	clients: {count: 200}
//	faults:
//	  - {name: cut, inject: reset, share: 50%}
//	gates:
//	  - recovery.t99 < 8s
//	  - messages.lost == 0
//
// What is not written has the default that the field reference below states. Everything
// that is wrong is told at once, one line each, as "file:line: field: what was
// expected" ([Mistakes]): unknown fields, repeated keys, wrong units, names that
// nothing has, hosts that may not be touched, and gates that could not be judged in
// the time that the plan leaves.
//
// # Targets
//
// A target is the built-in echo server, an address, or a program with the address on
// which it will listen. Only this host is touched, unless the command line allows more.
//
//	scenario: three-targets
//	targets:
//	  blue: {embedded: {handshake: {workers: 1, cost: 2ms, queue: 200, overflow: 503}}}
//	  green: {url: "ws://localhost:9001/echo"}
//	  mine: {command: [node, echo.js, "9002"], url: "ws://127.0.0.1:9002/"}
//	clients:
//	  count: 500
//	  endpoints:
//	    - {target: blue, priority: 0, weight: 3}
//	    - {target: green, priority: 0}
//	    - {target: mine, priority: 1}
//
// A server may want more than an address. Headers and the address's query may name
// variables of the environment for what is secret: their values are sent, and are in no file
// of the run, where the variable stands in their place. Of the subprotocols the server must
// choose one. Files of TLS are PEM, looked up from the scenario's directory.
//
//	scenario: guarded
//	targets:
//	  staging:
//	    url: "wss://127.0.0.1:9443/chat?room=1"
//	    headers: {Authorization: "Bearer ${TOKEN:-none}", X-Tenant: acme}
//	    subprotocols: [v2.chat, v1.chat]
//	    tls: {server_name: chat.internal, min_version: "1.3"}
//	clients: {count: 100}
//
// With host, as in host: blue.test, clients know a target by a name, and a resolver of the
// run's has it: inject: dns breaks that. Targets with the same zone fail together by inject:
// zone, which names no target but the zone.
//
// # Clients
//
// The policy is the name of a built-in one, a file, or a mapping that starts from
// another and says what is different; files are looked up from the scenario's
// directory.
//
//	scenario: patient
//	targets: {blue: {embedded: {}}}
//	clients:
//	  count: 500
//	  ramp: 4s
//	  policy: {base: default, ping: {every: 5s}, stable_after: 20s}
//
// Clients are alone, as browsers are: each heals by itself. With sharing: shared they are
// one pool, as the connections of a backend are, and decide together who dials when and
// where, by the policy's section shared. A policy that only works because clients talk to
// each other must not be mistaken for one that works in browsers.
//
//	scenario: together
//	targets: {blue: {embedded: {}}, green: {embedded: {}}}
//	clients:
//	  count: 500
//	  sharing: shared
//	  endpoints: [{target: blue}, {target: green, priority: 1}]
//	  policy: {base: default, first: at-once, shared: {storm: {spread: 2s}}}
//
// # Load
//
// Messages are due on schedule, whatever the answers do; with at-least-once, what is
// not answered is sent again on the next connection.
//
//	scenario: loaded
//	targets: {blue: {embedded: {}}}
//	clients: {count: 100}
//	load: {pattern: echo, rate: 6000/min, size: 1KiB, guarantee: at-most-once}
//
// A server that answers in words of its own is known by the field of its answers that has
// the message's id, given or found in the payload:
//
//	scenario: asking
//	targets: {mine: {url: "ws://127.0.0.1:9001/"}}
//	clients: {count: 100}
//	load:
//	  pattern: reply
//	  payload: '{"op": "ask", "id": "req-{id}", "user": {client}}'
//	  correlate: meta.id
//
// One that sends of its own accord (push) is measured by what comes: push.*, gap.* and
// dip.*; what clients say first, a subscription for one, is the payload. Of one that answers
// nothing (silent) connections, recovery and pings (ping.*) tell. What cannot be told, such
// as messages.lost, has no value then, and a gate on it is refused.
//
//	scenario: feed
//	targets: {mine: {url: "ws://127.0.0.1:9001/feed"}}
//	clients: {count: 100}
//	load: {pattern: push, payload: '{"subscribe": "prices"}'}
//	faults: [{name: cut, inject: reset}]
//	gates: [push.silence < 8s, gap.recovery.p99 < 5s, push.unheard == 0]
//
// # Time
//
// Phases follow each other: warmup, baseline, chaos, recovery, verify. One of length 0
// is left out. A fault starts at a phase or some time after its beginning, from chaos
// on, and lasts for the rest of that phase, unless it says for how long; a reset
// happens once. Its share of the clients is drawn by (seed, fault, client), the same on
// every run; with ramp, the cohort grows to that share over a time. With connections it
// touches those that are open when it begins (existing), those opened since (new), or all.
// What carries it out is the first backend that can (by names another); one that cannot is
// refused, with the reason.
//
//	scenario: two-faults
//	seed: 7
//	targets: {blue: {embedded: {}}}
//	clients: {count: 100}
//	phases: {warmup: 5s, baseline: 10s, chaos: 20s, recovery: 30s, verify: 10s}
//	hold: 5s
//	faults:
//	  - {name: slow, inject: latency, at: chaos, for: 10s, share: 50%, delay: 100ms, jitter: 20ms}
//	  - {name: split, inject: partition, at: chaos+12s, share: 0.25, connections: existing, ramp: 2s}
//	steady_state:
//	  - clients.usable >= 99.9%
//	  - latency.p99 < 50ms
//	gates:
//	  - recovery.cleared.t99 < 12s
//	  - latency.control_shift < 5ms
//	  - latency.verify.p99 < 50ms
//
// A gate is a metric, an operator and a quantity in the metric's unit. One on a time of
// recovery needs a recovery phase of at least its limit and the hold.
//
// # Gates
//
// Instead of a quantity stands a factor times another metric in the same unit, or the
// largest of several. With @ a metric is that of one fault (recovery.t50 to t100,
// latency.shift, latency.control_shift, clients.reset) or of one phase (counts of messages,
// avail.msg); latency and service name their phases themselves. With "or abort" the gate is
// checked while the run goes on, and ends it as soon as it is broken: clients.usable from
// chaos on, marks of recovery, peaks of the storm, messages.dup and the latency of a phase.
//
//	scenario: gated
//	targets: {blue: {embedded: {handshake: {workers: 2, cost: 10ms, queue: 200}}}}
//	clients: {count: 100}
//	phases: {warmup: 5s, baseline: 5s, chaos: 2s, recovery: 20s}
//	faults:
//	  - {name: cut, inject: reset}
//	gates:
//	  - recovery.t99 < max(8s, 3 * recovery.floor)
//	  - recovery.t50@cut < 4s
//	  - messages.lost@chaos == 0
//	  - latency.recovery.p50 < 20 * latency.baseline.p50
//	  - storm.peak_1s < 60% or abort
//	  - recovery.t99 < 12s or abort
//
// A gate whose metric, or whose limit, has no value proves nothing: the run is inconclusive.
// One that rests on fewer values than the metric needs (wsheal metrics NAME) says so.
//
// # Units
//
//	duration  250ms  8s  1m30s        (ns us ms s m h)
//	rate      2000/s  60/min  10/h
//	size      128  64KiB  1MiB        (bytes without a unit)
//	share     30%  0.3
//	moment    chaos  chaos+2s
//
// # Environment
//
// In values, ${NAME} is the variable of that name and ${NAME:-default} has a default
// for one that is unset or empty; $${ stands for ${ itself. What is put in is text, it
// cannot add fields. Inside braces and brackets YAML wants it quoted.
//
//	scenario: staging
//	targets:
//	  staging:
//	    url: ${WS_URL:-ws://127.0.0.1:9001/}
//	clients: {count: "${CLIENTS:-100}"}
//
// # Overrides
//
// An argument of Options.Set is path=value. Items of a list go by their name or their
// number, endpoints by their target; values are YAML; a policy that is a name may be
// changed by field.
//
//	clients.count=5000
//	clients.policy.ping.every=2s
//	faults.cut.share=0%
//	gates.0=recovery.t99 < 10s
//	targets.blue.embedded.handshake={workers: 1, cost: 2ms, queue: 200, overflow: 503}
//
// # Fields
//
// Made from the table that the parser follows (fields.go):
//
//	scenario                                     required                                  name of the scenario
//	about                                                                                  one sentence: what happens, and what must hold
//	seed                                         1                                         key of every random choice
//	targets.NAME                                 required                                  the servers under test, by name
//	targets.NAME.embedded                                                                  the built-in echo server, started for the run
//	targets.NAME.embedded.handshake                                                        its capacity to accept connections
//	targets.NAME.embedded.handshake.workers      0                                         handshakes at work at once; 0: no limit
//	targets.NAME.embedded.handshake.cost         0s                                        time of one handshake
//	targets.NAME.embedded.handshake.burn         false                                     the cost is burnt as CPU, not waited
//	targets.NAME.embedded.handshake.queue        0                                         handshakes that may wait; 0: no limit
//	targets.NAME.embedded.handshake.overflow     503                                       what happens beyond the queue
//	targets.NAME.embedded.handshake.retry_after  0s                                        sent with 503, in whole seconds; 0: not sent
//	targets.NAME.embedded.handshake.lifo         false                                     serve the newest first
//	targets.NAME.embedded.handshake.stale_work   false                                     spend the cost on clients that have left, too
//	targets.NAME.embedded.replies                                                          what it does with its replies, so many exactly, and counts; for holding reports against
//	targets.NAME.embedded.replies.seed           1                                         of the draw
//	targets.NAME.embedded.replies.late_each      0                                         one reply of each so many is late, and overtaken; 0: none
//	targets.NAME.embedded.replies.late_by        0s                                        how late
//	targets.NAME.embedded.replies.lost           0                                         so many messages are left unanswered; 0: none
//	targets.NAME.embedded.replies.lost_of        0                                         of each so many
//	targets.NAME.embedded.replies.pause_after    0                                         behind so many messages it parts from all clients; 0: never
//	targets.NAME.embedded.replies.pause          0s                                        for which it then lets nobody in
//	targets.NAME.embedded.tls                    false                                     it speaks wss, with a certificate that the clients trust
//	targets.NAME.url                                                                       address of a server: ws:// or wss://; a host other than this one needs --allow-remote
//	targets.NAME.command.N                                                                 program and arguments, started before the run and ended with it; needs url
//	targets.NAME.headers.NAME                                                              sent with every upgrade; ${NAME} is a variable of the environment, whose value is in no file of the run
//	targets.NAME.subprotocols.N                                                            offered, best first; the server must choose one of them
//	targets.NAME.tls                                                                       how it is spoken to wss://; nothing: the system's authorities, and the host of url
//	targets.NAME.tls.ca                                                                    PEM file of the authorities that are trusted in place of the system's
//	targets.NAME.tls.server_name                 (host, or the host of url)                asked for (SNI) and verified
//	targets.NAME.tls.cert                                                                  PEM file of the client's certificate; needs key
//	targets.NAME.tls.key                                                                   PEM file of its key
//	targets.NAME.tls.insecure_skip_verify        false                                     true: the server's certificate is not verified, and the report says so
//	targets.NAME.tls.min_version                 1.2                                       the oldest that is spoken
//	targets.NAME.host                                                                      a name under .test, such as blue.test, that clients dial in place of its address: a resolver of the run's has it, which inject: dns breaks
//	targets.NAME.zone                                                                      that it is in: inject: zone breaks all targets of one together
//	clients                                      required                                  the fleet
//	clients.count                                required                                  how many
//	clients.command.N                                                                      program and arguments that has the clients in place of the pool; {url} and {count}, also WSHEAL_URL and WSHEAL_COUNT, say where they dial and how many; measured from the wire
//	clients.ramp                                 (2s, or the warmup when that is shorter)  first dials are paced evenly over this, within the warmup
//	clients.sharing                              alone                                     alone: each client heals by itself, as browsers do; shared: they decide together, as those of one backend do
//	clients.endpoints.N                          (the target, when there is one only)      where clients dial
//	clients.endpoints.N.target                   required                                  name of a target
//	clients.endpoints.N.priority                 0                                         lower is dialled first
//	clients.endpoints.N.weight                   1                                         share among endpoints of equal priority
//	clients.policy                               default                                   rules of healing: a name, a file, or {base: default, …}
//	load                                                                                   the messages that clients send, on schedule whatever the answers do
//	load.pattern                                 echo                                      what the server does. echo: it sends each message back; reply: it answers with JSON that has its id; push: it sends of its own accord, and clients nothing; silent: it answers nothing; none: there are no messages
//	load.rate                                    (one per client and second)               messages over all clients
//	load.size                                    128                                       of one message, at least 32 bytes; with payload, what {pad} fills it up to
//	load.payload                                 (a number and padding)                    of each message: {id} is its number in the run, {client} its client's, {pad} fills it up to size, ${NAME} a variable whose value is in no file of the run; with push, sent once on each connection
//	load.as                                      (text with payload, else binary)          messages are text or binary
//	load.correlate                               (the field of payload that has it)        with reply, the field of an answer that has {id}, dotted, as in data.id
//	load.guarantee                               (at-least-once where answered)            at-least-once: unacknowledged messages are sent again; push and silent acknowledge none, and are at-most-once
//	phases                                                                                 how long each part of the run takes; 0 leaves it out
//	phases.warmup                                5s                                        clients connect
//	phases.baseline                              5s                                        what is normal is measured
//	phases.chaos                                 10s                                       faults are in force
//	phases.recovery                              20s                                       the fleet heals
//	phases.verify                                0s                                        what is normal again is measured
//	hold                                         3s                                        how long a recovery must last to count
//	steady_state.N                                                                         conditions checked before chaos; when one is not met, nothing is proven
//	faults.N                                                                               what is broken on purpose
//	faults.N.name                                required                                  unique in the scenario
//	faults.N.inject                              required                                  kind of fault; wsheal faults lists them, and wsheal faults KIND the fields that it adds
//	faults.N.on                                  (the target, when there is one only)      name of the target
//	faults.N.at                                  chaos                                     phase, or phase+offset, from chaos on
//	faults.N.share                               100%                                      of the clients, drawn once per client
//	faults.N.expect.N                                                                      what a canary of its cohort must see, one of these, and one outside it must not see; empty: no canary is sent
//	faults.N.by                                  (the first of the run's that can)         what carries it out; wsheal faults has who can
//	faults.N.…                                                                             what the value of inject adds
//	gates.N                                                                                limits that decide between pass and fail
//
// # Schema
//
// [Schema] is the same for editors. With a copy of it beside the scenario, the first
// line
//
//	# yaml-language-server: $schema=wsheal.schema.json
//
// gives completion and hints.
package scenarios
