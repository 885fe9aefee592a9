package export_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readEvents(t *testing.T, text string) (out []map[string]any) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var ev map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &ev), line)
		out = append(out, ev)
	}
	return out
}

// Every line has what an ECS logger must write, under the dotted names.
func TestEventsHaveTheirFields(t *testing.T) {
	for _, name := range keptNames(t) {
		s := kept(t, name)
		for _, ev := range readEvents(t, written(t, "ecs", s)) {
			for _, field := range []string{"@timestamp", "log.level", "message", "ecs.version", "event.action", "event.kind", "event.dataset", "service.name"} {
				assert.NotEmpty(t, ev[field], "%s of %v", field, ev)
			}
			at, err := time.Parse(time.RFC3339Nano, ev["@timestamp"].(string))
			require.NoError(t, err)
			assert.Equal(t, int64(ev["wsheal.t_ns"].(float64)), at.Sub(t0).Nanoseconds())
			assert.Contains(t, []string{"info", "warn", "error"}, ev["log.level"])
			assert.Contains(t, []any{"success", "failure", "unknown", nil}, ev["event.outcome"])
			for field := range ev {
				family, _, _ := strings.Cut(field, ".")
				assert.Contains(t, []string{"@timestamp", "log", "message", "ecs", "event", "service", "error", "wsheal"}, family)
			}
		}
	}
}

// What one client went through, by the events that name it.
func TestEventsOfAClient(t *testing.T) {
	var got []string
	for _, ev := range readEvents(t, written(t, "ecs", kept(t, "reset"))) {
		if ev["wsheal.client"] == 0.0 {
			got = append(got, ev["event.action"].(string))
			if ev["event.action"] == "connection.usable" && len(got) > 4 {
				assert.Greater(t, ev["event.duration"], 0.0, "since its loss, ns")
				assert.Equal(t, "client 0 is usable again", ev["message"])
			}
		}
	}
	assert.Equal(t, []string{
		"connection.attempt", "connection.opened", "connection.usable",
		"connection.lost", "connection.attempt", "connection.opened", "connection.usable",
	}, got)
}

func TestEventsOfTheRun(t *testing.T) {
	var got []string
	for _, ev := range readEvents(t, written(t, "ecs", kept(t, "partition"))) {
		if ev["wsheal.client"] == nil {
			got = append(got, ev["event.action"].(string))
		}
	}
	golden(t, "partition.events.txt", strings.Join(got, "\n")+"\n")
}
