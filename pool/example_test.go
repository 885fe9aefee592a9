package pool_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wsheal/wsheal/pool"
	"github.com/wsheal/wsheal/pool/heal"
)

// Messages "ask ID …" are answered by "answer ID …".
var correlate = pool.Correlate{Request: second("ask"), Reply: second("answer")}

// second reads the second word of messages that begin with a word.
func second(first string) func(pool.Message) (string, bool) {
	return func(m pool.Message) (string, bool) {
		words := strings.Fields(string(m.Payload))
		return words[min(1, len(words)-1)], len(words) > 1 && words[0] == first
	}
}

// A pool sends to the least loaded of its connections, knows which answer belongs to which
// request, and tells what became of each message.
func Example() {
	server := &shop{answer: func(text string) string {
		question, _ := after("ask", text)
		return "answer " + strings.ToUpper(question)
	}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := pool.Open(ctx, pool.Config{
		Endpoints: []pool.Endpoint{{Name: "only", URL: server.open()}},
		Min:       2, Max: 8,
		Correlate: correlate,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := p.Request(ctx, pool.Message{Payload: []byte("ask 1 anybody there?"), Text: true})
	fmt.Printf("%s %v\n", answer.Payload, err)

	receipt, err := p.Send(ctx, pool.Message{Payload: []byte("ask 2 still?"), Text: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-receipt.Done()
	fmt.Println(receipt.Outcome(), receipt.Err())

	fmt.Println(p.Drain(ctx))
	server.close()
	// Output:
	// answer 1 ANYBODY THERE? <nil>
	// acked <nil>
	// <nil>
}

// The first endpoint is used while it is there, the second one when it is not.
func Example_failover() {
	first := &shop{answer: func(text string) string { return "answer " + text[len("ask "):] + " from the first" }}
	second := &shop{answer: func(text string) string { return "answer " + text[len("ask "):] + " from the second" }}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := pool.Open(ctx, pool.Config{
		Endpoints: []pool.Endpoint{
			{Name: "first", URL: first.open(), Priority: 0},
			{Name: "second", URL: second.open(), Priority: 1},
		},
		Correlate: correlate,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(ctx)
	watch := p.Watch(ctx)
	ask := func(id string) {
		answer, err := p.Request(ctx, pool.Message{Payload: []byte("ask " + id), Text: true, Idempotent: true})
		fmt.Printf("%s %v\n", answer.Payload, err)
	}
	ask("1")
	first.close()
	ask("2") // waits for the second one: seconds, not errors
	for ev := range watch.Events(ctx) {
		if ev.Kind == pool.Lost || ev.Kind == pool.Connected {
			fmt.Println(ev.Kind, ev.Endpoint)
		}
		if ev.Kind == pool.Connected {
			break
		}
	}
	second.close()
	// Output:
	// answer 1 from the first <nil>
	// answer 2 from the second <nil>
	// lost first
	// connected second
}

// A session says hello on every connection, learns how far the server has come, and
// sends again what it has not.
func ExamplePool_Session() {
	var highest atomic.Int64 // of the messages that the server has
	noted := make(chan bool, 3)
	server := &shop{answer: func(text string) string {
		if number, ok := after("note", text); ok {
			n, _ := strconv.ParseInt(number, 10, 64)
			highest.Store(n)
			noted <- true
			return "" // it acknowledges nothing before the next hello
		}
		return fmt.Sprintf("have %d", highest.Load())
	}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := pool.Open(ctx, pool.Config{Endpoints: []pool.Endpoint{{URL: server.open()}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(ctx)
	have := func(m pool.Message) (n uint64, err error) {
		_, err = fmt.Sscanf(string(m.Payload), "have %d", &n)
		return n, err
	}
	notes, err := p.Session(ctx, pool.SessionConfig{
		Key: "notes",
		Ack: func(m pool.Message) (pool.Ack, bool) {
			n, err := have(m)
			return pool.Ack{Seq: n, UpTo: true}, err == nil
		},
		Hello: func(s pool.State) pool.Message { return pool.Message{Payload: []byte("hello " + s.Key), Text: true} },
		Accept: func(m pool.Message) (pool.Continuity, error) {
			n, err := have(m)
			return pool.Continuity{Kind: pool.Resumed, From: n}, err
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var receipts []*pool.Receipt
	for seq := range uint64(3) {
		r, err := notes.Send(ctx, pool.Message{Payload: fmt.Appendf(nil, "note %d", seq+1), Text: true, Seq: seq + 1})
		if err != nil {
			fmt.Println(err)
			return
		}
		receipts = append(receipts, r)
	}
	for range receipts {
		<-noted
	}
	server.close()
	server.open()
	for _, r := range receipts {
		<-r.Done()
		fmt.Println(r.Outcome())
	}
	d, err := notes.Receive(ctx)
	fmt.Println(d.Continuity.Kind, d.Continuity.From, err)
	server.close()
	// Output:
	// acked
	// acked
	// acked
	// resumed 3 <nil>
}

// This server answers 503 when it is asked for the wrong thing. The rule makes that final.
func ExampleConfig_judge() {
	server := &shop{status: http.StatusServiceUnavailable, header: http.Header{"Retry-After": {"60"}}}
	_, err := pool.Open(context.Background(), pool.Config{
		Endpoints: []pool.Endpoint{{Name: "odd", URL: server.open()}},
		Judge: func(end pool.End) pool.Ruling {
			if end.Cause == heal.Status && end.Code == http.StatusServiceUnavailable {
				return pool.Ruling{Verdict: heal.Pointless}
			}
			return pool.Ruling{} // whatever the policy says
		},
	})
	server.close()
	fmt.Println(err != nil, strings.HasPrefix(err.Error(), "open pool: gave up: odd: status 503"))
	// Output: true true
}
