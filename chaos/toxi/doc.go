// Package toxi is the fault proxy and its driver. The proxy stands between clients and
// targets, speaks Toxiproxy's control API, and is built on Toxiproxy's links; the driver
// is the chaos.Injector and chaos.Wire on the other end of that API.
//
// One proxied connection, each arrow a goroutine of Toxiproxy's link but the ends ours:
//
//	        source ─▶ noop ─▶ tap ─▶ sink            lane up
//	client                 ▲              target
//	        sink ◀─ tap ◀─ noop ◀─ source            lane down
//	                ▲ orders: what is in force, an atomic list per proxy
//
// While nothing is in force on a lane its source writes to the other side itself, past the
// link: that is the straight path.
//
// The tap is a permanent toxic, there from the first byte. Nothing is added to a link or
// removed from it at run time: a fault is an order in an atomic list, and arming it wakes
// the taps. A tap never blocks on a reader that stalls, so neither does arming.
//
// # What is in force, and from when
//
// A tap decides under its lane's lock whether a chunk may go on, and counts it as in
// flight until the sink has written it. Arming a partition puts the order into the list,
// visits every lane, and for the few that have something in flight ends the write by a
// deadline in the past: the sink keeps what it had not yet written and parks. Only when
// every lane is settled is the fault armed. From then on each byte that a sink writes for
// a connection of the cohort is a leak, and the sink counts it as one, by its own
// reckoning of cohort and order.
//
// What goes straight is written under the lane's lock, by a write that waits for nothing, so
// that whoever arms finds nothing of it in flight; what there is no room for goes into the
// queue, for the tap to send on. A chunk goes straight when no order is in the lane's plan, all
// that the link was given has come to the tap and been written, no order has still a claim on
// what is unfinished, and what the first bytes tell is known: up, who the client is; down, that
// it has the whole of the answer. A connection that has ended in any way has no straight path.
//
// # Identity
//
// The up lane reads X-Wsheal-Client: client/generation from the upgrade request. A
// connection without it, or whose bytes are no HTTP (TLS passes through unread), is
// foreign: its identity is the order of its arrival, in a range of its own from 1<<63.
// While a partition is in force, nothing of a connection not yet identified is forwarded,
// and it is not dialled onwards either, so that not even a SYN crosses; when its client
// gives up before it was dialled, the target never learns of it.
//
// # Frames
//
// Each lane follows its frames from the first byte on, from the end of the HTTP head if the
// target answered 101; it keeps no bytes for that but the head of the frame at hand. A fault
// of frames acts on whole messages and control frames as they come in, over as many chunks
// as they take: each belongs to one order at most, to its end, also when the order is cleared
// meanwhile, so that nothing is torn that is not to be. Frames of ours go in where one ends,
// messages where no other is unfinished. Where TLS passes through there are no frames to be
// seen: such a fault targets nobody there, and its evidence counts the connection as opaque.
//
// # Ends
//
// A peer's FIN crosses as a FIN, a peer's RST and a failed dial to the target as a RST,
// in order behind the bytes before it, held and delayed as they are. As in Toxiproxy
// there is no half-close of a peer's own: the end of one direction closes the other side
// whole.
//
// What an order does to a connection is a deed: a RST, or a FIN behind which what peers
// still send is read, so that it stays a FIN, both to both sides; or nobody is told, and the
// connection is a ghost, whose sockets stay open and whose bytes are swallowed until its
// peers have left or the order is cleared.
//
// # Flapping
//
// An order that flaps is lifted and lowered at times fixed from the first. Lowering it is
// coming into force again, on what is open by then; lifting it is as clearing it.
//
// # Descriptors
//
// A connection costs two. When but a few of the process are left (door.Spare), connections
// wait in the kernel's backlog and dials to targets fail, so that the control API is reached
// and faults can be cleared.
package toxi
