package toxi_test

import (
	"fmt"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/internal/faultrig"
)

// says sends numbered texts, and behind them a binary message that ends them.
func says(x *faultrig.Client, n int) error {
	for i := range n {
		if err := wsutil.WriteClientText(x.Conn, fmt.Appendf(nil, "%d", i)); err != nil {
			return err
		}
	}
	return wsutil.WriteClientBinary(x.Conn, []byte("that was all"))
}

// hears reads the texts until the binary message that ends them.
func hears(x *faultrig.Client) (texts []string, err error) {
	if err := x.Conn.SetReadDeadline(time.Now().Add(faultrig.Patience)); err != nil {
		return nil, err
	}
	for {
		b, op, err := wsutil.ReadServerData(x.Conn)
		if err != nil || op == ws.OpBinary {
			return texts, err
		}
		texts = append(texts, string(b))
	}
}

// talks sends n texts and says what became of their echoes.
func talks(n int) func(*faultrig.Client) chaos.Sight {
	return func(x *faultrig.Client) chaos.Sight {
		if err := says(x, n); err != nil {
			return faultrig.Sight(err)
		}
		texts, err := hears(x)
		if err != nil {
			return faultrig.Sight(err)
		}
		return sightOf(texts, n)
	}
}

// sightOf says what is wrong with echoes of n numbered texts.
func sightOf(texts []string, n int) chaos.Sight {
	times := map[string]int{}
	for i, text := range texts {
		times[text]++
		if times[text] > 1 {
			return chaos.SeesDouble
		}
		if len(texts) == n && text != fmt.Sprint(i) {
			return chaos.SeesDisorder
		}
	}
	if len(texts) < n {
		return chaos.SeesLoss
	}
	return chaos.SeesNothing
}
