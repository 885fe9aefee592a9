package report

import "fmt"

// Sources of what is measured of targets that answer no messages.
const (
	sourcePush = "arrivals counted at the client; what the target did not send cannot be told from what was lost"
	sourcePing = "RFC 6455 5.5.2: a pong answers a ping; only the newest ping's is timed"
)

// pushMetrics are those of targets that send of their own accord, and of pings, which every
// target answers.
func pushMetrics(t *metricList) {
	pushed := func(name, unit, about string, of func(*Summary, *Pushes) (float64, bool)) {
		t.add("push."+name, unit, about, sourcePush, func(s *Summary) (float64, bool) {
			if s.Pushes == nil {
				return 0, false
			}
			return of(s, s.Pushes)
		})
	}
	client := func(name, about string, of func(*PerClient) int64) {
		pushed(name, "count", about, func(_ *Summary, p *Pushes) (float64, bool) {
			if p.Client == nil {
				return 0, false
			}
			return float64(of(p.Client)), true
		})
	}
	pushed("received", "count", "Messages that came from targets that send of their own accord, from the baseline's start on.", func(_ *Summary, p *Pushes) (float64, bool) { return float64(p.Received), true })
	pushed("rate", "/s", "The same, per second.", func(s *Summary, p *Pushes) (float64, bool) {
		return float64(p.Received) * float64(s.Run.Clients) / s.Clients.Due, s.Clients.Due > 0
	})
	client("fewest", "Fewest of these messages that a client got.", func(c *PerClient) int64 { return c.Min })
	client("median", "Median over the clients of these messages.", func(c *PerClient) int64 { return c.P50 })
	client("most", "Most of these messages that a client got.", func(c *PerClient) int64 { return c.Max })
	client("unheard", "Clients that got none of these messages.", func(c *PerClient) int64 { return c.Unheard })
	pushed("silence", "s", "Longest time that any client waited for the next of these messages, from the baseline's start on, whether it came by the end or not.", func(_ *Summary, p *Pushes) (float64, bool) {
		return float64(p.Silence) / 1e9, p.Client != nil
	})
	for _, phase := range []string{"all", "baseline", "chaos", "recovery", "settled", "verify"} {
		prefix, when := "gap."+phase+".", "that ended in the phase "+phase
		switch phase {
		case "all":
			prefix, when = "gap.", "from the baseline's start on"
		case "settled":
			when = "that ended in whole seconds after full recovery and the hold time"
		}
		row := func(s *Summary) *LatencyRow { return s.row(phase, "all", "gap") }
		for _, q := range latencyQuantiles {
			t.add(prefix+q.name, "s", fmt.Sprintf("Time between two messages to a client from a target that sends of its own accord, over reconnects, %s, %s.", when, q.words), sourcePush, func(s *Summary) (float64, bool) {
				r := row(s)
				if r == nil {
					return 0, false
				}
				return seconds(q.of(r), true)
			})
			t.sampled(q.min, func(s *Summary) int64 { return row(s).N })
		}
	}
	for _, q := range quantileNames {
		t.add("ping."+q.name, "s", "Per ping that was answered, from the baseline's start on, "+q.words+" of the time from handing it to the kernel until its pong.", sourcePing, func(s *Summary) (float64, bool) {
			if s.Pings == nil {
				return 0, false
			}
			return seconds(q.of(*s.Pings), true)
		})
		t.sampled(q.min, func(s *Summary) int64 { return int64(s.Pings.N) })
	}
}
