package foreign

import "time"

// Hurry shortens the limit of every call.
func (s *Server) Hurry(limit time.Duration) { s.api.limit = limit }
