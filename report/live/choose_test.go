package live_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/live"
)

func TestChoose(t *testing.T) {
	type env map[string]string
	for name, c := range map[string]struct {
		s     live.Surroundings
		env   env
		mode  live.Mode
		style report.Style
	}{
		"a terminal":                {live.Surroundings{Terminal: true, Width: 120}, env{"TERM": "xterm", "LANG": "en_US.UTF-8"}, live.Frame, report.Style{Color: true, Unicode: true, Width: 120}},
		"a pipe":                    {live.Surroundings{}, env{"TERM": "xterm", "LANG": "C.utf8"}, live.Lines, report.Style{Unicode: true}},
		"a dumb terminal":           {live.Surroundings{Terminal: true}, env{"TERM": "dumb"}, live.Lines, report.Style{}},
		"CI with a terminal":        {live.Surroundings{Terminal: true}, env{"CI": "true"}, live.Lines, report.Style{Color: true}},
		"NO_COLOR":                  {live.Surroundings{Terminal: true}, env{"NO_COLOR": "0"}, live.Frame, report.Style{}},
		"an empty NO_COLOR":         {live.Surroundings{Terminal: true}, env{"NO_COLOR": ""}, live.Frame, report.Style{Color: true}},
		"asked for no colour":       {live.Surroundings{Terminal: true, NoColor: true}, env{"FORCE_COLOR": "1"}, live.Frame, report.Style{}},
		"FORCE_COLOR in a pipe":     {live.Surroundings{}, env{"FORCE_COLOR": "1"}, live.Lines, report.Style{Color: true}},
		"FORCE_COLOR=0":             {live.Surroundings{}, env{"FORCE_COLOR": "0"}, live.Lines, report.Style{}},
		"CLICOLOR_FORCE":            {live.Surroundings{}, env{"CLICOLOR_FORCE": "1"}, live.Lines, report.Style{Color: true}},
		"CLICOLOR=0":                {live.Surroundings{Terminal: true}, env{"CLICOLOR": "0"}, live.Frame, report.Style{}},
		"FORCE_COLOR over CLICOLOR": {live.Surroundings{}, env{"FORCE_COLOR": "1", "CLICOLOR": "0"}, live.Lines, report.Style{Color: true}},
		"NO_COLOR over FORCE_COLOR": {live.Surroundings{}, env{"FORCE_COLOR": "1", "NO_COLOR": "1"}, live.Lines, report.Style{}},
		"LC_ALL over LANG":          {live.Surroundings{}, env{"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, live.Lines, report.Style{}},
		"LC_CTYPE over LANG":        {live.Surroundings{}, env{"LC_CTYPE": "de_DE.utf8", "LANG": "C"}, live.Lines, report.Style{Unicode: true}},
		"plain on a terminal":       {live.Surroundings{UI: "plain", Terminal: true}, nil, live.Lines, report.Style{Color: true}},
		"live in CI":                {live.Surroundings{UI: "live"}, env{"CI": "1", "TERM": "dumb"}, live.Frame, report.Style{}},
		"none":                      {live.Surroundings{UI: "none", Terminal: true}, nil, live.None, report.Style{Color: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c.s.Getenv = func(k string) string { return c.env[k] }
			mode, style, err := live.Choose(c.s)
			assert.NoError(t, err)
			assert.Equal(t, c.mode, mode)
			assert.Equal(t, c.style, style)
		})
	}
	_, _, err := live.Choose(live.Surroundings{UI: "fancy", Getenv: func(string) string { return "" }})
	assert.EqualError(t, err, `ui "fancy": expected auto, live, plain or none`)
}
