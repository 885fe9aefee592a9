package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestLogsAreWithoutSecrets, whose parts may come one by one.
func TestLogsAreWithoutSecrets(t *testing.T) {
	var out strings.Builder
	r := redacted{to: &out, redact: strings.NewReplacer("s3cr3t", "${TOKEN}").Replace}
	for _, part := range []string{"dial ?k=s3c", "r3t\nthen s3", "cr3t", " again\r\nat the end s3cr", "3t"} {
		n, err := r.Write([]byte(part))
		assert.NoError(t, err)
		assert.Equal(t, len(part), n)
	}
	assert.Equal(t, "dial ?k=${TOKEN}\nthen ${TOKEN} again\r\n", out.String())
	r.Close()
	assert.Equal(t, "dial ?k=${TOKEN}\nthen ${TOKEN} again\r\nat the end ${TOKEN}", out.String())

	out.Reset()
	for range 3 {
		_, _ = r.Write([]byte(strings.Repeat("x", longestLine)))
	}
	assert.Len(t, out.String(), 2*longestLine, "of a line without an end not more than that is held back")
	r.Close()
	assert.Len(t, out.String(), 3*longestLine)
}
