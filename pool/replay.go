package pool

import "time"

// Ring bounds what a session keeps until it is acknowledged.
type Ring struct {
	Messages int           // 0: 1024
	Bytes    int           // of payloads; 0: 1 MiB
	Age      time.Duration // a message that was not acknowledged for so long is given up, and a Gap tells; 0: 5 min
}

// Ack is what an inbound message acknowledges.
type Ack struct {
	Seq  uint64 // the number of one message
	UpTo bool   // and of all before it
	Data bool   // the message is data as well, and is delivered
}

// place is how far a message of a session has come.
type place uint8

const (
	here   place = iota // not given to the fleet yet
	handed              // in the fleet's queue: no byte of it was written
	gone                // written, or cut short: the peer may have it
	left                // not in the ring any more
)

// entry is one message of a session.
type entry struct {
	session *Session
	message Message
	receipt *Receipt
	since   time.Time
	place   place
	// answered is the last connection on which it can have been written for an
	// acknowledgement that came while it was handed to be about it; 0: none came.
	answered uint32
}

// replay is what a session has not had acknowledged, in order of Send:
//
//	oldest                                        newest
//	 [ gone … ][ handed … ][ here … ]
//
// What is gone is sent again on the next connection, before what is handed or here,
// so that the order is kept. It is pure; the session guards it.
type replay struct {
	limit   Ring
	entries []*entry // those that left are taken out when they reach the front
	waiting int      // messages that have not left
	bytes   int      // payload bytes of those
	queued  int      // messages that are handed
	weight  int      // payload bytes of those
	last    uint64   // the highest number so far
}

// room tells whether a message of so many bytes fits.
func (r *replay) room(size int) bool {
	return r.waiting < r.limit.Messages && r.bytes+size <= r.limit.Bytes
}

// add puts a message at the end.
func (r *replay) add(e *entry) {
	r.entries = append(r.entries, e)
	r.waiting++
	r.bytes += len(e.message.Payload)
	r.last = max(r.last, e.message.Seq)
}

// next returns the oldest message that was not handed over yet, nil when there is none.
func (r *replay) next() *entry {
	i := len(r.entries)
	for i > 0 && r.entries[i-1].place == here {
		i--
	}
	if i == len(r.entries) {
		return nil
	}
	return r.entries[i]
}

// move changes how far a message has come.
func (r *replay) move(e *entry, to place) {
	if e.place == handed {
		r.queued--
		r.weight -= len(e.message.Payload)
	}
	if to == handed {
		r.queued++
		r.weight += len(e.message.Payload)
	}
	if to == left && e.place != left {
		r.waiting--
		r.bytes -= len(e.message.Payload)
	}
	e.place = to
}

// named returns what an acknowledgement is about. It is about nothing that is here: where
// it names that, the peer speaks of others, sent by a process before this one.
func (r *replay) named(a Ack) (all []*entry) {
	for _, e := range r.entries {
		n := e.message.Seq
		if n > a.Seq {
			break
		}
		if n != 0 && (e.place == handed || e.place == gone) && (n == a.Seq || a.UpTo) {
			all = append(all, e)
		}
	}
	return all
}

// unsure returns what the peer may have or not, in order: it is gone, and was not
// acknowledged.
func (r *replay) unsure() (all []*entry) {
	for _, e := range r.entries {
		if e.place == gone {
			all = append(all, e)
		}
	}
	return all
}

// old returns what was kept for longer than the limit. What is handed over is on its way.
func (r *replay) old(now time.Time) (all []*entry) {
	for _, e := range r.entries {
		if now.Sub(e.since) < r.limit.Age {
			break
		}
		if e.place == here || e.place == gone {
			all = append(all, e)
		}
	}
	return all
}

// due is when the next message is too old.
func (r *replay) due() (time.Time, bool) {
	for _, e := range r.entries {
		if e.place == here || e.place == gone {
			return e.since.Add(r.limit.Age), true
		}
	}
	return time.Time{}, false
}

// trim lets those go from the front that left; others go when they get there.
func (r *replay) trim() {
	n := 0
	for n < len(r.entries) && r.entries[n].place == left {
		r.entries[n] = nil
		n++
	}
	if r.entries = r.entries[n:]; len(r.entries) == 0 {
		r.entries = nil
	}
}
