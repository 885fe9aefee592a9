package toxi_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wsheal/wsheal/chaos/toxi"
	"github.com/wsheal/wsheal/internal/stockproxy"
)

// said is an answer of a control API, as its clients see it.
type said struct {
	status     int
	kind, body string
}

// logger is of each proxy that Toxiproxy shows.
var logger = regexp.MustCompile(`,"Logger":\{\}`)

func answers(t *testing.T, control, method, path, body string) said {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, control+path, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	shown := port.ReplaceAllString(logger.ReplaceAllString(string(text), ""), "host:port")
	return said{resp.StatusCode, resp.Header.Get("Content-Type"), shown}
}

// What is asked of ours is answered as Toxiproxy answers it, to the byte but for Logger.
func TestAnswersAreToxiproxys(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	theirs, ours := stockproxy.Start(t, 0).URL(), "http://"+serve(t, toxi.NewServer(toxi.Options{}))
	const blue = `{"name":"blue","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`
	for _, q := range []struct{ method, path, body string }{
		{"POST", "/populate", `[]`},
		{"POST", "/populate", `null`},
		{"POST", "/populate", `[{"name":"red"}]`},
		{"POST", "/populate", `[{"upstream":"127.0.0.1:1"}]`},
		{"GET", "/proxies", ``},
		{"POST", "/proxies", blue},
		{"POST", "/proxies", blue},
		{"POST", "/proxies", `{"upstream":"127.0.0.1:1"}`},
		{"POST", "/proxies", `{"name":"green","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","enabled":false} and more`},
		{"GET", "/proxies", ``},
		{"HEAD", "/proxies", ``},
		{"HEAD", "/version", ``},
		{"GET", "/proxies/blue", ``},
		{"GET", "/proxies/red", ``},
		{"PATCH", "/proxies/blue", `{} {`},
		{"GET", "/proxies/blue/toxics", ``},
		{"POST", "/proxies/blue/toxics", `{"type":"bandwidth","attributes":{"rate":1}}]`},
		{"POST", "/proxies/blue/toxics", `{"type":"bandwidth","attributes":{"rate":1}}`},
		{"POST", "/proxies/blue/toxics/bandwidth_downstream", `{"attributes":{"rate":2}} x`},
		{"GET", "/proxies/blue/toxics/bandwidth_downstream", ``},
		{"GET", "/proxies/blue/toxics/none", ``},
		{"DELETE", "/proxies/blue/toxics/bandwidth_downstream", ``},
		{"DELETE", "/proxies/blue/toxics/bandwidth_downstream", ``},
		{"POST", "/reset", ``},
		{"DELETE", "/proxies/blue", ``},
		{"DELETE", "/proxies/blue", ``},
	} {
		assert.Equal(t, answers(t, theirs, q.method, q.path, q.body), answers(t, ours, q.method, q.path, q.body), "%s %s %s", q.method, q.path, q.body)
	}
}
