package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/scenarios"
)

func faultsCommand(w *world) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "faults [KIND]",
		Short: "List the faults and what can carry them out, or explain one",
		Long: `List the faults with the backends that can carry them out: the fault proxy, a stock
toxiproxy-server, the embedded target, signals to a process, the kernel, the DNS server of
a run, its clients, and for a zone what each of its parts needs. "part" is a
backend that can express some of a fault; a scenario that asks for the rest is refused.

With a KIND, explain its attributes, which connections and directions it can be limited
to, what a client sees of it, and what must have been counted for it to be confirmed.
With --json, print the same catalogue for programs; numbers there are in the unit that
each parameter names.`,
		Example:           "  wsheal faults\n  wsheal faults partition\n  wsheal faults --json | jq -r .[].name",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(kindNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			kinds := chaos.Kinds()
			if len(args) == 1 {
				k, ok := chaos.Lookup(args[0])
				if !ok {
					return usage(fmt.Errorf("there is no fault %q; %s", args[0], scenarios.Suggest(args[0], kindNames(), "faults")))
				}
				kinds = []chaos.Kind{k}
			}
			switch {
			case asJSON:
				return internal(faultsJSON(w.stdout, kinds))
			case len(args) == 1:
				return internal(showFault(w.stdout, kinds[0]))
			}
			return internal(listFaults(w.stdout, kinds))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the catalogue as JSON")
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range chaos.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// listFaults prints the matrix: a row per kind, a column per backend.
func listFaults(out io.Writer, kinds []chaos.Kind) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "fault\tfamily\t%s\tmeaning\n", strings.Join(texts(chaos.Backends()), "\t"))
	for _, k := range kinds {
		row := []string{k.Name, string(k.Family)}
		for _, b := range chaos.Backends() {
			row = append(row, cell(k, b))
		}
		fmt.Fprintln(tw, strings.Join(append(row, k.Short), "\t"))
	}
	return tw.Flush()
}

func cell(k chaos.Kind, b chaos.Backend) string {
	switch s, ok := k.By(b); {
	case !ok:
		return "-"
	case k.Partly(s):
		return "part"
	}
	return "yes"
}

func showFault(out io.Writer, k chaos.Kind) error {
	fmt.Fprintf(out, "%s: %s\n\n", k.Name, k.About)
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(what, is string) {
		if is != "" {
			fmt.Fprintf(tw, "%s:\t%s\n", what, is)
		}
	}
	line("family", string(k.Family))
	lasts := "for a time"
	if _, proxied := k.By(chaos.ByProxy); proxied {
		lasts += "; by the proxy it can flap"
	}
	if k.Once {
		lasts = "once"
		if slices.Contains(k.Conns, chaos.New) {
			lasts += "; of new connections for a time"
		}
	}
	line("happens", lasts)
	line("connections", strings.Join(texts(k.Conns), ", "))
	line("directions", strings.Join(texts(k.Directions()), ", "))
	line("a client sees", strings.Join(texts(k.Expect), " or "))
	line("evidence", k.Evidence)
	var proof []string
	for _, p := range k.Proof {
		proof = append(proof, p.Counter)
	}
	line("proof", strings.Join(proof, ", "))
	for _, s := range k.Backends {
		line("by "+string(s.By), supportWords(k, s))
	}
	if len(k.Params) > 0 {
		fmt.Fprintln(tw, "\nattributes:")
		for _, p := range k.Params {
			about := p.About
			if b := p.Bounds(); b != "" {
				about += " (" + b + ")"
			}
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", p.Name, p.Type, defaultOf(p), about)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nexample:\n  %s\n", k.Example)
	return err
}

// supportWords says what of a kind a backend expresses.
func supportWords(k chaos.Kind, s chaos.Support) string {
	var parts []string
	if !k.Partly(s) {
		parts = append(parts, "all of it")
	}
	if len(s.Conns) > 0 {
		parts = append(parts, "only "+strings.Join(texts(s.Conns), ", ")+" connections")
	}
	if s.Whole {
		parts = append(parts, "only all clients")
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.Join(parts, "; ")
}

func defaultOf(p chaos.Param) string {
	if p.Default == "" {
		return "required"
	}
	return "default " + p.Default
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

// faultsJSON prints the rows as they are, with what follows from them beside.
func faultsJSON(out io.Writer, kinds []chaos.Kind) error {
	type param struct {
		chaos.Param
		Unit string `json:"unit,omitempty"`
	}
	type row struct {
		chaos.Kind
		Params     []param           `json:"params"`
		Directions []chaos.Direction `json:"directions"`
	}
	rows := []row{}
	for _, k := range kinds {
		r := row{Kind: k, Params: []param{}, Directions: k.Directions()}
		for _, p := range k.Params {
			r.Params = append(r.Params, param{p, p.Unit()})
		}
		rows = append(rows, r)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(rows)
}
