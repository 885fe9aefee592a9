package target

import (
	"slices"
	"sync"
	"time"
)

// withheld is what a connection has of replies that do not go out as they come.
type withheld struct {
	gathered []byte // of the reply to a message in fragments
	late     sync.WaitGroup
	ended    chan struct{} // nil: nothing was ever kept back
}

// weigh lets replies decide what becomes of the reply to a message, of which this is the
// next frame. Fragments are gathered, so that a late reply never comes between two.
func (c *connection) weigh(r *replies, frame []byte, whole bool) error {
	w := &c.withheld
	if !whole {
		w.gathered = append(w.gathered, frame...)
		return nil
	}
	reply := frame
	if len(w.gathered) > 0 {
		reply, w.gathered = append(w.gathered, frame...), nil
	}
	fate, pause := r.arrives()
	switch fate {
	case answeredNow:
		if err := c.write(reply); err != nil {
			return err
		}
		c.server.count.messages.Add(1)
	case answeredLate:
		c.keepBack(r, slices.Clone(reply))
	}
	if pause {
		r.pause(c.server)
	}
	return nil
}

// keepBack sends a reply when its time has come, while the connection goes on.
func (c *connection) keepBack(r *replies, reply []byte) {
	w := &c.withheld
	if w.ended == nil {
		w.ended = make(chan struct{})
	}
	read := r.clock()
	due := time.NewTimer(r.LateBy)
	w.late.Go(func() {
		defer due.Stop()
		select {
		case <-due.C:
		case <-w.ended:
			r.unanswered.Add(1)
			return
		}
		_ = c.conn.SetWriteDeadline(time.Now().Add(c.server.options.WriteTimeout))
		held := r.clock() - read
		if c.parting.Load() {
			r.unanswered.Add(1)
		} else if _, err := c.conn.Write(reply); err != nil {
			r.unanswered.Add(1)
		} else {
			r.went(held)
			c.server.count.messages.Add(1)
		}
	})
}

// end waits for what is still to be done about late replies: not for them.
func (w *withheld) end() {
	if w.ended != nil {
		close(w.ended)
		w.late.Wait()
	}
}
