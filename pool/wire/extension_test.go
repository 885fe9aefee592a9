package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnswersToTheDeflateOffer(t *testing.T) {
	for _, test := range []struct {
		lists []string
		agree bool
		fault string
	}{
		{nil, false, ""},
		{[]string{"permessage-deflate; server_no_context_takeover"}, true, ""},
		{[]string{deflateOffer}, true, ""},
		{[]string{" permessage-deflate ;server_no_context_takeover ; server_max_window_bits = 10"}, true, ""},
		{[]string{`permessage-deflate; server_no_context_takeover; server_max_window_bits="15"`}, true, ""},
		{[]string{""}, false, "not offered"},
		{[]string{"permessage-deflate"}, false, "without server_no_context_takeover"},
		{[]string{"permessage-deflate; client_no_context_takeover"}, false, "without server_no_context_takeover"},
		{[]string{"x-webkit-deflate-frame"}, false, "not offered"},
		{[]string{"permessage-deflate; server_no_context_takeover, foo"}, false, "one at most"},
		{[]string{deflateOffer, deflateOffer}, false, "one at most"},
		{[]string{"permessage-deflate; server_no_context_takeover; server_no_context_takeover"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover=1"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; client_max_window_bits=12"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; server_max_window_bits"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=7"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=16"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=08"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover; foo"}, false, "parameter"},
		{[]string{"permessage-deflate; server_no_context_takeover;"}, false, "parameter"},
	} {
		agreed, err := agreedDeflate(test.lists, true)
		assert.Equal(t, test.agree, agreed, "%q", test.lists)
		if test.fault == "" {
			assert.NoError(t, err, "%q", test.lists)
		} else {
			assert.ErrorContains(t, err, test.fault, "%q", test.lists)
		}
	}
	_, err := agreedDeflate([]string{deflateOffer}, false)
	assert.ErrorContains(t, err, "not offered")
}
