package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/pool/policies"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/scenarios"
)

// catalogue is something that can be listed, and shown one at a time.
type catalogue struct {
	noun  string // as in "there is no policy x"
	names func() []string
	line  func(name string) []string // the columns of its row in the list
	show  func(w io.Writer, name string) error
}

// command makes the command that lists the catalogue, or shows what its argument names.
func (c catalogue) command(w *world, use, short, long, example string) *cobra.Command {
	return &cobra.Command{
		Use: use + " [NAME]", Short: short, Long: long, Example: example,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(c.names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return internal(c.list(w.stdout))
			}
			if !slices.Contains(c.names(), args[0]) {
				return usage(fmt.Errorf("there is no %s %q; expected one of: %s", c.noun, args[0], strings.Join(c.names(), ", ")))
			}
			return internal(c.show(w.stdout, args[0]))
		},
	}
}

func (c catalogue) list(out io.Writer) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range c.names() {
		fmt.Fprintln(tw, strings.Join(c.line(name), "\t"))
	}
	return tw.Flush()
}

func scenariosCommand(w *world) *cobra.Command {
	c := catalogue{
		noun: "scenario", names: scenarios.Names,
		line: func(name string) []string { return []string{name, scenarios.About(name)} },
		show: func(out io.Writer, name string) error {
			text, _ := scenarios.Source(name)
			_, err := out.Write(text)
			return err
		},
	}
	cmd := c.command(w, "scenarios", "List the built-in scenarios, or print one as YAML",
		"List the built-in scenarios with the question that each asks. With a name, print its\nYAML, to be redirected into a file and changed. With --schema, print the JSON Schema of\nthe format, for editors.",
		"  wsheal scenarios\n  wsheal scenarios reset-storm > mine.yaml && wsheal run mine.yaml\n  wsheal scenarios --schema > wsheal.schema.json")
	var schema bool
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of the format")
	list := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if schema {
			_, err := w.stdout.Write(scenarios.Schema())
			return internal(err)
		}
		return list(cmd, args)
	}
	return cmd
}

func policiesCommand(w *world) *cobra.Command {
	return catalogue{
		noun: "policy", names: policies.Names,
		line: func(name string) []string { return []string{name, policies.About(name)} },
		show: func(out io.Writer, name string) error {
			text, _ := policies.Source(name)
			_, err := io.WriteString(out, text)
			return err
		},
	}.command(w, "policies", "List the healing policies, or print one as YAML",
		"List the built-in healing policies. With a name, print its YAML with every field\nexplained; a scenario takes it as a name, a file, or {base: NAME, …changes}.",
		"  wsheal policies\n  wsheal policies default > mine.yaml\n  wsheal run reset-storm --set clients.policy=mine.yaml")
}

func metricsCommand(w *world) *cobra.Command {
	return catalogue{
		noun: "metric", names: metricNames,
		line: func(name string) []string {
			m, _ := report.Lookup(name)
			return []string{name, m.Unit, m.About}
		},
		show: func(out io.Writer, name string) error {
			m, _ := report.Lookup(name)
			sample := "none: it is counted"
			if m.Min > 0 {
				sample = fmt.Sprintf("%s or more; a gate on fewer says so", report.FormatCount(m.Min))
			}
			_, err := fmt.Fprintf(out, "%s\n\nunit:       %s\ndefinition: %s\nsource:     %s\nsample:     %s\n", m.Name, m.Unit, m.About, m.Source, sample)
			return err
		},
	}.command(w, "metrics", "List the metrics that gates can limit, or define one",
		"List every metric by the name that YAML, JSON, HTML and docs use, with its unit and\ndefinition. With a name, print where the definition comes from and how large\na sample it needs, too.",
		"  wsheal metrics\n  wsheal metrics storm.sync")
}
