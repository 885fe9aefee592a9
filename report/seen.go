package report

import (
	"fmt"
	"slices"
	"strings"
)

// FromWire is Run.Seen where the clients are not ours.
const FromWire = "wire"

// SeenFromWire marks the report of clients that are not ours.
const SeenFromWire = "The clients are not wsheal's: all of this is seen from the wire. A client is usable when it has been handed a 101, and its loss is when the connection ended. What it noticed when, its queues, and the latency and loss of its messages cannot be seen and are not measured."

// fromWire says whether the clients are not ours.
func (r *Run) fromWire() bool { return r.Seen == FromWire }

// lacks is what the run lacks for a metric to have a value, as what is expected; "" when it
// lacks nothing.
func (r *Run) lacks(metric string) string {
	if r.fromWire() {
		if what := Unseen(metric); what != "" {
			return what
		}
	}
	if r.Pattern == "" {
		return ""
	}
	return Lacks(r.Pattern, metric)
}

// Unseen is what a run lacks for a metric that the wire does not show, as what is expected:
// when a client noticed its loss, what it did between its connections, and whether a message
// was an answer; "" when the wire shows it.
func Unseen(metric string) string {
	family, rest, _ := strings.Cut(metric, ".")
	part, _, _ := strings.Cut(rest, ".")
	switch {
	case slices.Contains([]string{"detect", "admission", "ping", "push", "gap"}, family), ofMessages(metric):
	case family == "outage" && slices.Contains(unseenParts, part):
	case slices.Contains([]string{"recovery.floor_noticed", "harness.timer_p99"}, metric):
	default:
		return ""
	}
	return "clients of the pool (no clients.command), as the wire does not show it of others"
}

// unseenParts are the parts of an outage that the wire does not tell from backoff, or from
// a dial.
var unseenParts = []string{
	partNames[detecting].name, partNames[admission].name, partNames[connecting].name, partNames[securing].name,
	partNames[upgrading].name, partNames[proving].name, partNames[stopped].name,
}

// meaning is what a part of an outage is, in words.
func (r *Run) meaning(p part) string {
	if r.fromWire() {
		switch p {
		case backoff:
			return "between two connections: until the loss was noticed, and waiting as the client's policy says"
		case dialling:
			return "from when the connection that lasted was accepted until its client had been handed the 101"
		}
	}
	return partNames[p].words
}

// unlike says where clients that are not ours were not as many as the run was told, or not
// those. A run that ended before its clients could come says why by itself.
func (v *views) unlike(run *Run, ended End) (out []string) {
	if !run.fromWire() || ended.Reason != "complete" && ended.Reason != "unsteady" && ended.Reason != aborted {
		return nil
	}
	var came int64
	v.came.each(func(_ int, yes *bool) {
		if *yes {
			came++
		}
	})
	switch {
	case came == 0:
		out = append(out, "no connection came from the clients' program: it must dial the URL that it is given, as {url} in its arguments or as WSHEAL_URL")
	case came < int64(run.Clients):
		out = append(out, fmt.Sprintf("%s of %s clients ever connected: the program must have as many as it is told, as {count} or WSHEAL_COUNT, numbered from 0 where they say who they are", FormatCount(came), FormatCount(int64(run.Clients))))
	}
	if n := v.seen.Strange; n > 0 {
		out = append(out, fmt.Sprintf("connections of no client of the run: %s; the program has more than the %s that it was told, or numbers that are not below that", FormatCount(n), FormatCount(int64(run.Clients))))
	}
	return out
}
