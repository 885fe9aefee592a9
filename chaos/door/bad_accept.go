package door

import (
	"net/http"

	"github.com/wsheal/wsheal/chaos"
)

// BadAccept answers with what is no upgrade.
type BadAccept struct{ chaos.BadAccept }

// Stage is that of the request.
func (BadAccept) Stage() Stage { return Asked }

// Receive answers and lets the caller leave.
func (r BadAccept) Receive(c *Caller) bool {
	key := c.key()
	return key == "" || !c.dismiss("misled", r.answer(key))
}

func (r BadAccept) answer(key string) []byte {
	switch r.How {
	case chaos.MissingUpgrade:
		return response(http.StatusSwitchingProtocols, []string{"Connection: Upgrade", "Sec-WebSocket-Accept: " + accepted(key)}, "")
	case chaos.BadSubprotocol:
		return switching(key, "Sec-WebSocket-Protocol: nobody-offered-this")
	case chaos.HTTP200:
		return page(http.StatusOK, "Please log in to use this network.")
	}
	return switching("of another request")
}
