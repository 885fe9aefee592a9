package main

import (
	"encoding/json"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/toxi"
)

func proxyCommand(w *world) *cobra.Command {
	var listen string
	var allowRemote bool
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Run the fault proxy alone: Toxiproxy's API, with knowledge of WebSocket",
		Long: `Run the fault proxy alone. Its control API has the routes and the JSON of Toxiproxy, so
that its command line and its clients work; a toxic posted there takes hold of live
connections at once. It prints one line of JSON with the address of the API and serves
until it is interrupted.

Unlike the original it resets idle connections with a true RST, heals a partition
without closing what it held, keeps its choice of connections over reconnects, and is
not held up by a connection that has stopped reading. Toxics it cannot express
faithfully it refuses.`,
		Example: `  wsheal proxy --listen 127.0.0.1:8474 &
  curl -d '{"name":"blue","listen":"127.0.0.1:9001","upstream":"127.0.0.1:9000"}' 127.0.0.1:8474/proxies
  curl -d '{"type":"latency","attributes":{"latency":100}}' 127.0.0.1:8474/proxies/blue/toxics`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := proc.WatchParent(cmd.Context())
			raiseLimit(w)
			options := toxi.Options{Clock: proc.Monotonic, AllowRemote: allowRemote}
			if err := options.CheckListen(listen); err != nil {
				return usage(fmt.Errorf("--listen %w; --allow-remote permits others", err))
			}
			ln, err := net.Listen("tcp", listen)
			if err != nil {
				return usage(err)
			}
			if err := sayHello(w, hello{Control: ln.Addr().String()}); err != nil {
				return internal(err)
			}
			return internal(toxi.Serve(ctx, ln, options))
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8474", "address of the control API")
	cmd.Flags().BoolVar(&allowRemote, "allow-remote", false, "allow addresses that are not on this host")
	return cmd
}

// raiseLimit gets as many descriptors as this process may have. With fewer it still
// serves, and says so.
func raiseLimit(w *world) {
	if _, err := proc.RaiseDescriptorLimit(); err != nil {
		fmt.Fprintln(w.stderr, err)
	}
}

func sayHello(w *world, h hello) error {
	return json.NewEncoder(w.stdout).Encode(h)
}
