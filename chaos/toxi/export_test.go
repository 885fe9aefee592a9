package toxi

// NewDeafServer returns a server whose taps and sockets obey no order, as one with a
// defect would: evidence must find it out.
func NewDeafServer(o Options) *Server {
	s := NewServer(o)
	s.deaf = true
	return s
}
