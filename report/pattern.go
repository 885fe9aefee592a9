package report

import (
	"slices"
	"strings"
)

// Patterns of load: what the target does with messages, and so what can be measured. In a
// journal without one messages are echoed, or there are none.
const (
	Echo   = "echo"   // each message is answered by itself
	Reply  = "reply"  // each is answered by one that names it
	Push   = "push"   // the target sends of its own accord, and nothing is asked
	Silent = "silent" // messages are sent, and nothing is ever answered
	NoLoad = "none"   // no messages
)

// answers says whether the messages of a run are answered, so that they can be lost.
func (r *Run) answers() bool { return r.Pattern != Push && r.Pattern != Silent }

// Lacks is what a load of a pattern lacks for a metric to have a value, as what is expected;
// "" when it lacks nothing. What cannot be told is absent, never 0.
func Lacks(pattern, metric string) string {
	family, _, _ := strings.Cut(metric, ".")
	switch {
	case family == "push" || family == "gap":
		if pattern != Push {
			return "load: {pattern: push}, whose target sends of its own accord"
		}
	case pattern == Silent && slices.Contains(ofSending, metric):
	case !ofMessages(metric), pattern == Push && family == "dip":
	case pattern == NoLoad:
		return "a load with messages to measure"
	case pattern == Push:
		return "a load whose messages are answered (pattern: echo or reply); of push, push.* and gap.* tell"
	case pattern == Silent:
		return "a load whose messages are answered (pattern: echo or reply); of silent, " + strings.Join(ofSending, ", ") + " tell"
	}
	return ""
}

// ofSending are the metrics of messages that need no answers.
var ofSending = []string{"messages.intended", "messages.waited", "messages.dropped", "harness.late_p99"}

// ofMessages says whether a metric has a value only where messages are sent.
func ofMessages(name string) bool {
	family, _, _ := strings.Cut(name, ".")
	switch family {
	case "messages", "latency", "service", "dip":
		return true
	}
	return slices.Contains([]string{"avail.msg", "avail.msg_1s", "budget.msg", "recovery.caught_up", "harness.late_p99"}, name)
}
