package selftest

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteCases lists cases for people.
func WriteCases(w io.Writer, cases []Case) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "bad healer\tgate meant for it\twhat it does")
	for _, c := range cases {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", c.Healer, c.Gate, c.Wrong)
	}
	return tw.Flush()
}

// WriteCasesJSON lists cases for programs.
func WriteCasesJSON(w io.Writer, cases []Case) error { return writeJSON(w, cases) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
