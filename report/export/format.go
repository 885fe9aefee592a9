package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/wsheal/wsheal/report"
)

// Source is what formats are written from: the summary and the raw files that it was
// computed from.
type Source struct {
	Summary *report.Summary

	// Journal and Hlog open journal.ndjson and latency.hlog, each time from the beginning.
	// Nil: there is none, and formats that need it say so.
	Journal, Hlog func() (io.ReadCloser, error)
}

// Format is one form of a run's report.
type Format struct {
	Name  string // as in --format
	File  string // its file in the run directory
	About string // what it has and who reads it
	Left  bool   // a run leaves it without being asked

	write func(io.Writer, Source) error
}

// LackError says that a run's files do not have what a format was to show.
type LackError struct{ What string }

func (e *LackError) Error() string { return e.What }

// Write writes the format's file. A *LackError is in the error where the run has nothing to
// write of. It buffers nothing that grows with the journal.
func (f Format) Write(w io.Writer, s Source) error {
	if err := f.write(w, s); err != nil {
		return fmt.Errorf("write %s: %w", f.File, err)
	}
	return nil
}

// Formats lists every format, those that a run leaves first.
func Formats() []Format {
	plain := func(write func(io.Writer, *report.Summary) error) func(io.Writer, Source) error {
		return func(w io.Writer, s Source) error { return write(w, s.Summary) }
	}
	return []Format{
		{"json", "summary.json", "everything that is reported; its JSON Schema: wsheal schema summary", true, plain(report.WriteJSON)},
		{"html", "report.html", "the page, for people", true, plain(report.WriteHTML)},
		{"md", "summary.md", "Markdown, for the step summary of GitHub or a comment", true, plain(writeMarkdown)},
		{"junit", "junit.xml", "JUnit: a case a gate; broken is a failure, inconclusive and invalid are errors", true, plain(writeJUnit)},
		{"bench", "bench.txt", "Go's benchmark format, a line a run, for benchstat", true, plain(writeBench)},
		{"csv", "timeline.csv", "the run over time: usable clients, attempts, answers, p99", false, plain(writeTimeline)},
		{"metrics", "metrics.csv", "every metric with its value, unit and sample size", false, plain(writeMetrics)},
		{"prom", "metrics.prom", "Prometheus text: every metric, gates, faults, latency histograms", false, writePrometheus},
		{"hgrm", "latency.hgrm", "percentiles for HdrHistogram's plotter; hgrm:SERIES of one, as in hgrm:service.chaos", false, writePercentiles(wholeRun)},
		{"ecs", "events.ndjson", "events with the names of the Elastic Common Schema, a line each", false, writeEvents},
		{"gitlab", "gitlab-metrics.txt", "GitLab's metrics report: values of three digits, so that only changes show", false, plain(writeGitLab)},
		{"codequality", "gl-code-quality.json", "GitLab's code quality report: what a merge request should look at", false, plain(writeCodeQuality)},
	}
}

// Parse reads a list of formats, "junit,hgrm:response.chaos". The error names what is
// unknown and lists what there is.
func Parse(text string) ([]Format, error) {
	var out []Format
	for name := range strings.SplitSeq(text, ",") {
		f, err := parse(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func parse(name string) (Format, error) {
	if text, found := strings.CutPrefix(name, "hgrm:"); found {
		series, err := parseSeries(text)
		if err != nil {
			return Format{}, err
		}
		f := Format{Name: name, File: text + ".hgrm", write: writePercentiles(series)}
		return f, nil
	}
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	if len(name) > 40 {
		name = name[:40] + "…"
	}
	return Format{}, fmt.Errorf("there is no format %q; expected one or more of %s, with commas between", name, strings.Join(names, ", "))
}
