package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/report/export"
	"github.com/wsheal/wsheal/scenarios"
)

func schemaCommand(w *world) *cobra.Command {
	about := map[string]string{
		"scenario": "a scenario, for editors",
		"summary":  "summary.json, which a run leaves",
		"journal":  "one line of journal.ndjson",
	}
	return catalogue{
		noun: "schema", names: func() []string { return append([]string{"scenario"}, export.Schemas()...) },
		line: func(name string) []string { return []string{name, about[name]} },
		show: func(out io.Writer, name string) error {
			if name == "scenario" {
				_, err := out.Write(scenarios.Schema())
				return err
			}
			text, err := export.Schema(name)
			if err == nil {
				_, err = out.Write(text)
			}
			return err
		},
	}.command(w, "schema", "List the JSON Schemas of wsheal's files, or print one",
		"List the files that have a JSON Schema. With a name, print it. A field that is added\nlater does not change the schema's number; one that changes its meaning does.",
		"  wsheal schema\n  wsheal schema summary > summary.schema.json")
}
