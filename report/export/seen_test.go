package export_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/report"
	"github.com/wsheal/wsheal/report/export"
)

func TestMarkdownOfOthersClientsSaysSo(t *testing.T) {
	formats, err := export.Parse("md")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, formats[0].Write(&out, export.Source{Summary: &report.Summary{Run: report.Run{Seen: report.FromWire}}}))
	assert.Contains(t, out.String(), report.Markdown(report.SeenFromWire))
}
