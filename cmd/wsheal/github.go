package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/wsheal/wsheal/report/export"
)

// stepSummaryMost is what GitHub takes of one step's summary, bytes; of a larger one it
// shows nothing.
const stepSummaryMost = 1 << 20

// onGitHub says whether a runner of GitHub Actions reads our output.
func onGitHub(w *world) bool { return w.getenv("GITHUB_ACTIONS") == "true" }

// quietly writes text that has names in it, so that the runner takes no line of it for a
// command to itself.
func quietly(w *world, out io.Writer, text func(io.Writer) error) error {
	if !onGitHub(w) {
		return text(out)
	}
	token := rand.Text()
	if _, err := fmt.Fprintf(out, "::stop-commands::%s\n", token); err != nil {
		return err
	}
	err := text(out)
	_, end := fmt.Fprintf(out, "::%s::\n", token)
	return errors.Join(err, end)
}

// tellGitHub adds the run to the step's summary and annotates what is wrong, where the
// runner's variables ask for it. What cannot be told there is told on stderr, and changes
// no verdict.
func tellGitHub(w *world, s export.Source, annotations io.Writer) {
	if onGitHub(w) {
		for _, line := range export.Annotations(s.Summary) {
			fmt.Fprintln(annotations, line)
		}
	}
	if path := w.getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if err := addStepSummary(path, func(out io.Writer) error { return writeMarkdown(out, s) }); err != nil {
			fmt.Fprintf(w.stderr, "GITHUB_STEP_SUMMARY: %v\n", err)
		}
	}
}

func writeMarkdown(out io.Writer, s export.Source) error {
	md, err := export.Parse("md")
	if err != nil {
		return err
	}
	return md[0].Write(out, s)
}

func addStepSummary(path string, render func(io.Writer) error) error {
	var text bytes.Buffer
	if err := render(&text); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size()+int64(text.Len()) > stepSummaryMost {
		err = fmt.Errorf("the run's summary is left out: with it the step's would be larger than %d bytes", stepSummaryMost)
	}
	if err == nil {
		_, err = f.Write(append(text.Bytes(), '\n'))
	}
	return errors.Join(err, f.Close())
}
