package toxi

import (
	"encoding/binary"

	"github.com/wsheal/wsheal/chaos"
)

func init() {
	obeys(func(e chaos.WSClose) (rule, chaos.Direction) {
		payload := binary.BigEndian.AppendUint16(nil, uint16(e.Code))
		return wsClose{payload: append(payload, e.Reason...)}, chaos.Both
	})
}

// wsClose says goodbye in the target's name, and hangs up.
type wsClose struct {
	onFrames
	payload []byte
}

// sweep has the close frame go out at the next edge, and the FIN behind it. What the client
// answers is read and dropped, so that the target does not hear of it.
func (r wsClose) sweep(o *order, c *conn) fate {
	l := c.down
	l.mu.Lock()
	defer l.mu.Unlock()
	switch done := memory[bool](l, o); {
	case l.conn.proxy.deaf:
		return livesOn
	case c.stage() < bridged || l.isEnding():
		if who := c.who.Load(); who != nil && who.opaque && !*done {
			*done = true
			o.count("opaque", 1)
		}
		return wasClosed
	case !*done:
		*done = true
		l.insert(insertion{by: o, items: []item{
			{chunk: ourFrame(opClose, l.way, r.payload), by: o, counts: "close_frames"},
			{do: finishes, by: o},
		}})
		l.poke()
	}
	return isCut
}
