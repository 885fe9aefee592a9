package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/pool/policies"
	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
	"github.com/wsheal/wsheal/scenarios"
)

// completes is what a shell offers for a flag's value.
func completes(cmd *cobra.Command, flag string, offer cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // only of a flag that is not there, or has one already
	}
}

// fixed are the values of a flag that has few.
func fixed(cmd *cobra.Command, flag string, words ...string) {
	completes(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func metricNames() []string {
	var names []string
	for _, m := range report.Metrics() {
		names = append(names, m.Name)
	}
	return names
}

// completeFormats offers formats behind those that stand there with commas between.
func completeFormats(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var out []string
	for _, f := range export.Formats() {
		out = append(out, before+f.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeSettings offers the fields that are changed most, with the names of the scenario
// that stands there already, and behind them the values that have names.
func completeSettings(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	path, _, behind := strings.Cut(typed, "=")
	if behind {
		var out []string
		for _, value := range settings(path) {
			out = append(out, path+"="+value)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	paths := []string{"clients.count", "clients.policy", "clients.ramp", "clients.sharing", "hold", "load.rate", "load.size", "seed"}
	if len(args) > 0 {
		if s, err := scenarios.Open(args[0], scenarios.Options{}); err == nil {
			for _, p := range s.Phases {
				paths = append(paths, "phases."+p.Name)
			}
			for _, f := range s.Faults {
				for _, field := range []string{"inject", "share", "for", "at"} {
					paths = append(paths, "faults."+f.Name+"."+field)
				}
			}
		}
	}
	for i := range paths {
		paths[i] += "="
	}
	return paths, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// settings are the values of a field that have names.
func settings(path string) []string {
	switch {
	case path == "clients.policy":
		return policies.Names()
	case path == "clients.sharing":
		return []string{scenarios.Alone, scenarios.Shared}
	case strings.HasPrefix(path, "faults.") && strings.HasSuffix(path, ".inject"):
		return kindNames()
	}
	return nil
}
