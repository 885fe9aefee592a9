package report

import "fmt"

// wireSection is what the proxy saw of connections one by one: of clients that are not ours
// all that is known, of ours whether it is what they say.
func wireSection(s *Summary) htmlSection {
	v := s.Views
	if v == nil {
		if s.Run.fromWire() {
			return htmlSection{ID: "wire", Title: "Seen from the wire", Note: SeenFromWire + " " + sentence(sawNobody)}
		}
		return htmlSection{}
	}
	sec := htmlSection{ID: "wire", Title: "Seen from the wire", Note: SeenFromWire}
	if v.Agreement != nil {
		sec.Title, sec.Note = "Both views", sentence(v.Agreement.words())
	}
	counts := htmlTable{Caption: "Connections, as the proxy saw them", Head: heads("What", ">Value", "Meaning")}
	for _, c := range []struct {
		name    string
		n       int64
		meaning string
	}{
		{"Connections", v.Connections, "accepted from clients of the run"},
		{"Opened", v.Opened, "whose client was handed a 101"},
		{"Open at the end", v.Unended, ""},
		{"Messages up", v.Up, "from clients, that came whole"},
		{"Messages down", v.Down, "to clients, that came whole"},
		{"Guessed", v.Guessed, "that did not say whose they are, and were given to clients by the order of arrival"},
		{"Of nobody", v.Strange, "that could be given to no client"},
	} {
		if c.n > 0 || c.name == "Connections" || c.name == "Opened" {
			counts.Rows = append(counts.Rows, []htmlCell{words(c.name), counted(c.n), prose(c.meaning)})
		}
	}
	ends := htmlTable{Caption: "How connections ended, the most frequent first", Head: heads("How", ">Connections", "Ended by", "Status", "Close code")}
	for _, e := range v.Ends {
		row := []htmlCell{words(e.how()), counted(e.N), {shown(e.By), ""}, {"", ""}, {"", ""}}
		if e.Status != 0 {
			row[3].Text = fmt.Sprint(e.Status)
		}
		if e.Code != 0 {
			row[4].Text = fmt.Sprintf("%d, of the %s", e.Code, shown(e.Closer))
		}
		ends.Rows = append(ends.Rows, row)
	}
	sec.Tables = some(counts, ends)
	return sec
}
