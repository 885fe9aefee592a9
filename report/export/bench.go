package export

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/compare"
)

// exactly are promises, not samples: of them any difference is one.
var exactly = []string{
	"messages.lost", "messages.dup", "messages.reordered", "messages.broken", "recovery.unhealed",
}

// writeBench writes the run as one line of Go's benchmark format. Files of several runs
// can be joined by cat. What differs between runs that are compared, commit, time and
// machine, is not in it, since benchstat would take them apart; the policy is in the name, for
// `benchstat -col /policy`. The format has no infinity: of metrics without a finite value
// "unbounded" has the number.
func writeBench(out io.Writer, s *report.Summary) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "pkg: wsheal\n")
	goos, goarch := platform(s.Run.Host)
	if goos != "" {
		fmt.Fprintf(w, "goos: %s\ngoarch: %s\n", goos, goarch)
	}
	fmt.Fprintln(w)
	line := fmt.Sprintf("BenchmarkRun/scenario=%s/policy=%s/clients=%d 1", token(s.Run.Scenario), token(s.Run.Policy), s.Run.Clients)
	for _, m := range report.Metrics() {
		v, found := s.Metrics[m.Name]
		if !found {
			continue
		}
		unit := benchUnit(m)
		fmt.Fprintf(w, "Unit %s%s\n", unit, benchDirection(m.Name))
		line += " " + strconv.FormatFloat(v, 'g', -1, 64) + " " + unit
	}
	fmt.Fprintln(w, "Unit unbounded better=lower assume=exact")
	fmt.Fprintf(w, "\n%s %d unbounded\n", line, len(s.Unbounded))
	return w.Flush()
}

// benchUnit names a metric with the unit by which benchstat scales it.
func benchUnit(m report.Metric) string {
	switch m.Unit {
	case "s":
		return m.Name + "-sec"
	case "share":
		return m.Name + "-ratio"
	case "/s":
		return m.Name + "/sec"
	}
	return m.Name
}

// benchDirection is a unit's metadata: what benchstat calls an improvement, and whether it
// may take values for samples.
func benchDirection(name string) string {
	out := " better=lower"
	switch compare.DirectionOf(name) {
	case compare.Neither:
		return " assume=nothing"
	case compare.More:
		out = " better=higher"
	}
	if slices.Contains(exactly, name) {
		out += " assume=exact"
	}
	return out
}

// platform reads "linux/amd64, 2 CPUs, go1.26.8"; "" where it is not of that form.
func platform(host string) (goos, goarch string) {
	first, _, _ := strings.Cut(host, ",")
	goos, goarch, found := strings.Cut(first, "/")
	if !found || token(goos) != goos || token(goarch) != goarch {
		return "", ""
	}
	return goos, goarch
}
