package target

// NewDeaf returns a server that obeys no fault, as one with a defect would: evidence must
// find it out.
func NewDeaf(o Options) (*Server, error) {
	s, err := New(o)
	if err == nil {
		s.deaf = true
	}
	return s, err
}
