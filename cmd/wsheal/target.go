package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/wsheal/wsheal/chaos/proc"
	"github.com/wsheal/wsheal/chaos/target"
	"github.com/wsheal/wsheal/scenarios"
)

func targetCommand(w *world) *cobra.Command {
	var listen, control, handshake, replies string
	var allowRemote, secure bool
	cmd := &cobra.Command{
		Use:   "target",
		Short: "Run the embedded echo server alone",
		Long: `Run the WebSocket echo server that scenarios embed. It prints one line of JSON with its
addresses, the WebSocket's and the control API's (GET /stats, GET /sessions, and what
has it misbehave: POST /faults, DELETE /faults/NAME, GET /evidence/NAME), and serves
until it is interrupted.

--handshake gives it a capacity to accept connections, as in a scenario: so many workers
that each take so long for one handshake, a queue, and what becomes of those beyond it.

--replies has it keep replies back, leave messages unanswered, or pause, as in a scenario:
so many exactly. What it has done is in its stats.`,
		Example: `  wsheal target --listen 127.0.0.1:9001
  wsheal target --handshake '{workers: 1, cost: 2ms, queue: 200, overflow: 503}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := proc.WatchParent(cmd.Context())
			raiseLimit(w)
			h, err := scenarios.ParseHandshake(handshake)
			if err != nil {
				return usage(fmt.Errorf("--handshake: %w", err))
			}
			r, err := scenarios.ParseReplies(replies)
			if err != nil {
				return usage(fmt.Errorf("--replies: %w", err))
			}
			return usage(target.Run(ctx, target.Options{
				Listen: listen, Control: control, AllowRemote: allowRemote,
				Handshake: target.Handshake(h), Replies: target.Replies(r), TLS: secure, Authority: os.Getenv(authorityEnv), Clock: proc.Monotonic,
			}, w.stdout))
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address of the WebSocket server")
	cmd.Flags().StringVar(&control, "control", "127.0.0.1:0", "address of the control API")
	cmd.Flags().StringVar(&handshake, "handshake", "{}", "capacity to accept connections, YAML")
	cmd.Flags().StringVar(&replies, "replies", "{}", "which replies are late or lost, and a pause, YAML")
	cmd.Flags().BoolVar(&secure, "tls", false, "speak wss, with a certificate of an authority made anew, which the line of JSON has")
	cmd.Flags().BoolVar(&allowRemote, "allow-remote", false, "allow addresses that are not on this host")
	return cmd
}
