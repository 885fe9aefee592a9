package driver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/wsheal/wsheal/pool/driver"
	"github.com/wsheal/wsheal/pool/heal"
)

// One client sends a message to a server that answers in capitals, and closes the
// connection after each answer. The pool heals it for the next one.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer conn.Close()
		message, err := wsutil.ReadClientText(conn)
		if err == nil {
			_ = wsutil.WriteServerText(conn, []byte(strings.ToUpper(string(message))))
		}
	}))
	defer server.Close()

	answers := make(chan string)
	clients, err := driver.Open(driver.Options{
		Clients:   1,
		Endpoints: []driver.Endpoint{{Name: "only", URL: strings.Replace(server.URL, "http", "ws", 1)}},
		Policy: heal.Policy{
			Name:             "brisk",
			HandshakeTimeout: 5 * time.Second,
			ProveTimeout:     5 * time.Second,
			PingEvery:        20 * time.Second,
			PingTimeout:      5 * time.Second,
			First:            heal.First{Rule: heal.AtOnce},
			Backoff:          heal.Backoff{Base: 10 * time.Millisecond, Cap: time.Second, Factor: 2, Jitter: heal.Full},
			StableAfter:      time.Second,
		},
		Text:      true,
		Guarantee: driver.AtLeastOnce,
		Ack: func(_ int, payload []byte) (seq uint64, ok bool) {
			_, err := fmt.Sscanf(string(payload), "MESSAGE %d", &seq)
			return seq, err == nil
		},
		Observe: func(ev driver.Event) {
			if ev.Kind == driver.Received && ev.Acked {
				go func(text string) { answers <- text }(string(ev.Payload))
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clients.Start(0)
	for seq := range uint64(3) {
		if err := clients.Send(0, driver.Message{Seq: seq, Payload: fmt.Appendf(nil, "message %d", seq)}); err != nil {
			fmt.Println(err)
		}
		fmt.Println(<-answers)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	fmt.Println(clients.Close(ctx))
	// Output:
	// MESSAGE 0
	// MESSAGE 1
	// MESSAGE 2
	// <nil>
}
