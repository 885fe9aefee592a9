package driver

// Recall takes a message back that was sent with a Ref, of which nothing was written yet; no
// event tells of it. false: there is no such message any more, or some of it is on its way.
func (p *Fleet) Recall(client int, ref any) bool {
	c := p.clients.get(client)
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.outbox.unwritten(ref)
	if m == nil {
		return false
	}
	c.outbox.finish(m)
	c.shard.waiting.Add(-1)
	c.letIn()
	return true
}

// unwritten returns the message with a Ref of which nothing was written, nil when there is
// none.
func (o *outbox) unwritten(ref any) *message {
	for i := int(o.head); i < len(o.messages); i++ {
		if m := &o.messages[i]; m.ref == ref && !m.done && m.by == nil && !m.sent && !m.touched {
			return m
		}
	}
	return nil
}
