package report

import (
	"fmt"
	"slices"
	"strings"
)

// wire says what the proxy saw of connections one by one, and whether that is what the
// clients say.
func (t *text) wire() []string {
	v := t.s.Views
	if v == nil && t.s.Run.fromWire() {
		return t.wrap(t.Printable(SeenFromWire+" "+sentence(sawNobody)), t.room())
	}
	if v == nil || t.brief && v.Agreement != nil && v.Agreement.Agrees() {
		return nil
	}
	if a := v.Agreement; a != nil {
		return t.wrap(t.Printable(a.words()), t.room())
	}
	lines := t.wrap(t.Printable(SeenFromWire), t.room())
	sum := fmt.Sprintf("%s connections, %s opened, %s open at the end; %s messages up, %s down",
		FormatCount(v.Connections), FormatCount(v.Opened), FormatCount(v.Unended), FormatCount(v.Up), FormatCount(v.Down))
	if v.Guessed > 0 {
		sum += fmt.Sprintf("; %s did not say whose they are and were given to clients by order of arrival", FormatCount(v.Guessed))
	}
	lines = append(lines, t.wrap(t.Printable(sum), t.room())...)
	var ends []string
	for _, e := range alike(v.Ends) {
		ends = append(ends, FormatCount(e.N)+" "+e.how())
	}
	if len(ends) > 0 {
		lines = append(lines, few(t.wrap(t.Printable("ended: "+strings.Join(ends, ", ")), t.room()), 3)...)
	}
	return lines
}

func (a *Agreement) words() string {
	word := "do not agree"
	if a.Agrees() {
		word = "agree"
	}
	return fmt.Sprintf("the clients' view and the wire's %s: %s of %s clients count the same; %s dials, %s connections; %s and %s opened, %s apart at the median, %s at most",
		word, FormatCount(a.Agree), FormatCount(a.Clients), FormatCount(a.Dials), FormatCount(a.Connections),
		FormatCount(a.OpenedOwn), FormatCount(a.OpenedWire), FormatDuration(a.ApartP50), FormatDuration(a.ApartMax))
}

// sawNobody is said where no client came.
const sawNobody = "no client connected"

// alike puts together what is told in the same words, whoever hung up first.
func alike(ends []WireEnd) (out []WireEnd) {
	for _, e := range ends {
		i := slices.IndexFunc(out, func(x WireEnd) bool { return x.how() == e.how() })
		if i < 0 {
			out = append(out, e)
			continue
		}
		out[i].N += e.N
	}
	return out
}

// how says how connections ended.
func (e WireEnd) how() string {
	how := "by " + e.By
	switch {
	case e.Status != 0:
		how = fmt.Sprintf("HTTP %d", e.Status)
	case e.Code != 0:
		how = fmt.Sprintf("close %d of the %s", e.Code, e.Closer)
	case e.Reset:
		how += " with a RST"
	}
	return how
}
