package foreign

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos"
)

// slowly is a server that takes its time to remove a toxic, and answers all else at once.
type slowly time.Duration

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(nil))}
	if r.Method != http.MethodDelete {
		answer.Body = r.Body
		return answer, nil
	}
	select {
	case <-time.After(time.Duration(s)):
		return answer, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// A server that removes toxics slowly, as where clients have given up, is waited for, but for
// no longer than 15 s for a fault as a whole; one that takes longer is given up.
func TestClearWaitsForSoLongAndNoLonger(t *testing.T) {
	for each, want := range map[time.Duration]time.Duration{
		7 * time.Second: 14 * time.Second,
		8 * time.Second: 15 * time.Second,
		time.Hour:       15 * time.Second,
	} {
		t.Run(each.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				a, err := newAPI("http://127.0.0.1:1", false)
				require.NoError(t, err)
				a.http.Transport = slowly(each)
				s := &Server{
					api: a, options: Options{Clock: func() int64 { return 1 + int64(time.Since(began)) }},
					fronts: map[string]*front{"blue": {proxy: "wsheal_x_blue", addr: "nowhere", target: "nowhere"}}, faults: map[string]*broken{},
				}
				f := chaos.Fault{Name: "split", On: "blue", Share: 1, Effect: chaos.Partition{}}
				require.NoError(t, s.Inject(t.Context(), f))
				err = s.Clear(t.Context(), "split")
				assert.Equal(t, want, time.Since(began))
				if want == 14*time.Second {
					require.NoError(t, err)
					return
				}
				_, hangs := errors.AsType[*hung](err)
				assert.True(t, hangs, "%v", err)
			})
		})
	}
}
