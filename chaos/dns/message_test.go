package dns

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// question is a query for the address of blue.test.
const question = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04bLue\x04test\x00\x00\x01\x00\x01"

func TestAnswerRepeatsTheQuestion(t *testing.T) {
	q, err := parse([]byte(question + "an OPT record"))
	require.NoError(t, err)
	assert.Equal(t, "blue.test", q.name)
	assert.Equal(t, []uint16{typeA, classIN}, []uint16{q.kind, q.class})
	const asked = "\x04bLue\x04test\x00\x00\x01\x00\x01"
	assert.Equal(t, "\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00"+asked+"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x35\x00\x01",
		string(q.answer(noError, netip.MustParseAddr("127.53.0.1"))))
	assert.Equal(t, "\x12\x34\x85\x83\x00\x01\x00\x00\x00\x00\x00\x00"+asked, string(q.answer(nxDomain, netip.Addr{})))
}

func TestWhatIsNoQuery(t *testing.T) {
	for text, want := range map[string]error{
		"":                                   errNoQuery,
		question[:11]:                        errNoQuery,
		"\x12\x34\x81" + question[3:]:        errNoQuery,  // an answer
		question[:12]:                        errBadQuery, // no question
		question[:20]:                        errBadQuery,
		question[:len(question)-1]:           errBadQuery,
		question[:5] + "\x02" + question[6:]: errBadQuery, // two
		question[:12] + "\xc0\x0c\x00\x01\x00\x01":                       errBadQuery, // a name that leads to itself
		question[:12] + string(make([]byte, 0)) + "\x40" + question[13:]: errBadQuery,
		question[:5] + "\x00" + question[6:]:                             errBadQuery,
	} {
		q, err := parse([]byte(text))
		assert.ErrorIs(t, err, want, "%q", text)
		if want == errBadQuery {
			assert.Equal(t, "\x12\x34\x85\x81\x00\x00\x00\x00\x00\x00\x00\x00", string(q.answer(formErr, netip.Addr{})))
		}
	}
}

// FuzzParse: whatever comes is refused, or answered with an answer that repeats it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(question))
	f.Add([]byte(question[:20]))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := parse(b)
		if err != nil {
			return
		}
		a := q.answer(noError, netip.MustParseAddr("127.53.0.1"))
		require.Equal(t, b[:2], a[:2])
		require.Equal(t, b[headerSize:headerSize+len(q.question)], a[headerSize:headerSize+len(q.question)])
		again := append([]byte(nil), a...)
		again[2] &^= 0x80
		back, err := parse(again)
		require.NoError(t, err)
		require.Equal(t, q.name, back.name)
	})
}
