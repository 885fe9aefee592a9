package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/kernel"
	"github.com/wsheal/wsheal/scenarios"
)

// scenarioFlags are those of every command that reads a scenario.
type scenarioFlags struct {
	set         []string
	allowRemote bool
	toxiproxy   string
}

func (f *scenarioFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "change a field, as in clients.count=500 or faults.cut.share=50%; repeatable")
	completes(cmd, "set", completeSettings)
	cmd.Flags().BoolVar(&f.allowRemote, "allow-remote", false, "allow targets that are not on this host")
	cmd.Flags().StringVar(&f.toxiproxy, "toxiproxy", "", "URL of a toxiproxy-server to break the network with, in place of the fault proxy")
}

func (f *scenarioFlags) load(w *world, name string) (*scenarios.Scenario, error) {
	return scenarios.Open(name, scenarios.Options{Set: f.set, Getenv: w.lookupEnv, AllowRemote: f.allowRemote, Lacks: f.lacks})
}

// lacks says why a backend is not to be had with these flags, "" when it is.
func (f *scenarioFlags) lacks(by chaos.Backend) string {
	switch {
	case by == chaos.ByProxy && f.toxiproxy != "":
		return "with --toxiproxy the network is broken by that server"
	case by == chaos.ByToxiproxy && f.toxiproxy == "":
		return "--toxiproxy names no server"
	case by == chaos.ByKernel:
		return kernel.Lacks()
	}
	return ""
}

func completeScenarios(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if cmd.Name() == "run" && len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return scenarios.Names(), cobra.ShellCompDirectiveDefault // files, too
}

func validateCommand(w *world) *cobra.Command {
	var f scenarioFlags
	cmd := &cobra.Command{
		Use:   "validate SCENARIO…",
		Short: "Check scenarios without running them",
		Long: `Check scenarios: every mistake on one line of its own, as file:line: field: what was
expected, all of them at once. Exits 2 when there is one.`,
		Example: `  wsheal validate my-scenario.yaml
  wsheal validate reset-storm --set clients.count=5000`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(_ *cobra.Command, args []string) error {
			bad := false
			for _, name := range args {
				s, err := f.load(w, name)
				if err != nil {
					bad = true
					fmt.Fprintln(w.stderr, err)
					continue
				}
				end := s.Phases[len(s.Phases)-1].To
				_, err = fmt.Fprintf(w.stdout, "%s: valid: %d clients, %d faults, %d gates, %v\n", name, s.Clients.Count, len(s.Faults), len(s.Gates), end)
				if err != nil {
					return internal(err)
				}
			}
			if bad {
				return &exitError{exitUsage, nil}
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}
