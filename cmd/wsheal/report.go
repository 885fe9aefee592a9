package main

import "github.com/spf13/cobra"

func reportCommand(w *world) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Compute the report of a run again from its raw record",
		Long: `Compute summary.json and report.html of a run directory again from journal.ndjson and
latency.hlog, print the result, and exit with the run's verdict. A run that was cut off
at any moment is read as far as it goes, and is inconclusive (75).`,
		Example: `  wsheal report runs/20261122-101500-reset-storm
  wsheal report runs/today --json | jq .recovery`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return finish(w, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print summary.json instead of the text")
	return cmd
}
