package export_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
)

// benched is a file of Go's benchmark format, read by its rules: keys begin in lower case
// and end at a colon, units have metadata, and a line of results is a name, a number of
// iterations and pairs of value and unit.
type benched struct {
	config map[string]string
	units  map[string]string
	name   string
	values map[string]float64
}

func readBench(t *testing.T, text string) benched {
	t.Helper()
	out := benched{map[string]string{}, map[string]string{}, "", map[string]float64{}}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fields := strings.Fields(line)
		switch {
		case line == "":
		case fields[0] == "Unit":
			require.Greater(t, len(fields), 2, line)
			require.NotContains(t, out.units, fields[1], "told twice")
			out.units[fields[1]] = strings.Join(fields[2:], " ")
		case strings.HasPrefix(line, "Benchmark"):
			require.Empty(t, out.name, "one line a run")
			out.name = strings.TrimPrefix(fields[0], "Benchmark")
			require.Equal(t, "1", fields[1], "one run")
			pairs := slices.Collect(slices.Chunk(fields[2:], 2))
			require.NotEmpty(t, pairs)
			for _, p := range pairs {
				require.Len(t, p, 2)
				v, err := strconv.ParseFloat(p[0], 64)
				require.NoError(t, err)
				out.values[p[1]] = v
			}
		default:
			key, value, found := strings.Cut(line, ": ")
			require.True(t, found, line)
			require.Regexp(t, `^[a-z][^\sA-Z]*$`, key)
			out.config[key] = value
		}
	}
	require.NotEmpty(t, out.name)
	return out
}

func TestBench(t *testing.T) {
	s := kept(t, "reset")
	b := readBench(t, written(t, "bench", s))
	assert.Equal(t, "Run/scenario=reset/policy=by-hand/clients="+strconv.Itoa(s.Summary.Run.Clients), b.name)
	assert.Len(t, b.values, len(s.Summary.Metrics)+1)
	for name, v := range s.Summary.Metrics {
		m, _ := report.Lookup(name)
		unit := name + map[string]string{"s": "-sec", "share": "-ratio", "/s": "/sec", "count": ""}[m.Unit]
		assert.Equal(t, v, b.values[unit], unit)
		assert.Contains(t, b.units, unit)
	}
	assert.Equal(t, "better=lower", b.units["recovery.t99-sec"])
	assert.Equal(t, "better=higher", b.units["avail.time-ratio"])
	assert.Equal(t, "better=lower assume=exact", b.units["messages.lost"])
	assert.Equal(t, "assume=nothing", b.units["recovery.lost"])
	assert.Equal(t, float64(len(s.Summary.Unbounded)), b.values["unbounded"])

	require.NotEmpty(t, s.Summary.Unbounded)
}

func TestBenchPlatform(t *testing.T) {
	for host, want := range map[string]string{
		"linux/amd64, 2 CPUs, go1.26.8": "linux amd64",
		"nowhere":                       " ",
		"a b/c, x":                      " ",
		"linux/amd64; linux/arm64":      " ",
		"":                              " ",
	} {
		s := judged(report.Pass, nil)
		s.Summary.Run.Host = host
		b := readBench(t, written(t, "bench", s))
		assert.Equal(t, want, b.config["goos"]+" "+b.config["goarch"], host)
	}
}

// Every metric that says which way is better is one that there is.
func TestBenchDirections(t *testing.T) {
	s := judged(report.Pass, nil)
	s.Summary.Metrics = map[string]float64{}
	for _, m := range report.Metrics() {
		s.Summary.Metrics[m.Name] = 1
	}
	b := readBench(t, written(t, "bench", s))
	count := map[string]int{}
	for _, d := range b.units {
		count[d]++
	}
	assert.Equal(t, 10, count["better=higher"])
	assert.Equal(t, 6, count["better=lower assume=exact"], "with unbounded")
}
