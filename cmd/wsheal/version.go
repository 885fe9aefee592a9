package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version that the next tag will have.
const release = "0.1.0"

// version is the release, and the commit where the build recorded one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}

func versionCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version and what it was built with",
		Example: "  wsheal version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(w.stdout, "wsheal %s (%s)\n", version(), hostLabel())
			return internal(err)
		},
	}
}
