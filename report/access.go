package report

import "strings"

// Access is how the clients come to a target that wants more than an address: what is sent
// with each upgrade, and how TLS is spoken. Values of headers are not told.
type Access struct {
	Target      string   `json:"target"`
	Headers     []string `json:"headers,omitempty"`     // names
	Offered     []string `json:"offered,omitempty"`     // subprotocols
	Subprotocol string   `json:"subprotocol,omitempty"` // that the target chose when it was tried before the run
	TLS         string   `json:"tls,omitempty"`         // what is not as usual, in words
	Insecure    bool     `json:"insecure,omitempty"`    // its certificate is not verified
}

// words are how a target is come to.
func (a *Access) words() string {
	var parts []string
	if len(a.Headers) > 0 {
		parts = append(parts, "headers "+strings.Join(a.Headers, ", "))
	}
	if a.Subprotocol != "" {
		of := ""
		if len(a.Offered) > 1 {
			of = " of " + strings.Join(a.Offered, ", ")
		}
		parts = append(parts, "subprotocol "+a.Subprotocol+of)
	}
	if a.TLS != "" {
		parts = append(parts, "TLS "+a.TLS)
	}
	if a.Insecure {
		parts = append(parts, notVerified)
	}
	return a.Target + ": " + strings.Join(parts, "; ")
}

const notVerified = "certificate not verified (insecure_skip_verify)"

// access is how the targets are come to, a line each.
func (t *text) access() []string {
	var lines []string
	for i := range t.s.Run.Access {
		lines = append(lines, t.wrap(t.Printable(t.s.Run.Access[i].words()), t.room())...)
	}
	return few(lines, 6)
}

// unverified are warnings of targets who could be anybody.
func (s *Summary) unverified() (warnings []string) {
	for _, a := range s.Run.Access {
		if a.Insecure {
			warnings = append(warnings, "target "+a.Target+": "+notVerified+", so that it could be anybody")
		}
	}
	return warnings
}
