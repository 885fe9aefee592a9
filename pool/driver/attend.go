package driver

// Reading is the reading end of one connection, for somebody who alone gets what arrives on it:
// he may read it himself where he would wait.
type Reading struct{ conn *conn }

// Reading returns that of a client's connection of a generation; false: it is not the one in use.
func (p *Fleet) Reading(client int, gen uint32) (r Reading, ok bool) {
	c := p.clients.get(client)
	if c == nil {
		return r, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil || c.live.gen != gen {
		return r, false
	}
	return Reading{c.live}, true
}

// Attend reads for the connection until enough is true, as wire.Conn.Attend does. What
// arrives takes the way that it always takes; what the client's Acceptor does not take ends
// it. false: the connection's own goroutine reads, and enough has to be waited for elsewhere.
func (r Reading) Attend(enough func() bool) bool {
	return r.conn.wire.Attend(&r.conn.client.fleet.desk, enough)
}

// Recall has Attend ask whether there is enough.
func (r Reading) Recall() { r.conn.wire.Recall() }

// Resume has the connection's own goroutine read again at once if nobody attends.
func (r Reading) Resume() { r.conn.wire.Resume() }
