package door

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/wsheal/wsheal/chaos"
)

// AuthExpire turns callers away whose token has run out.
type AuthExpire struct {
	chaos.AuthExpire
	Expired func(token string) bool // is told of each that comes, and says whether it has run out
}

// Stage is that of the request.
func (AuthExpire) Stage() Stage { return Asked }

// Receive looks at the token; who brings none is not meant.
func (r AuthExpire) Receive(c *Caller) bool {
	token, key := Token(c.Head), c.key()
	if token == "" || key == "" || !r.Expired(token) {
		return true
	}
	const counter = "expired"
	switch r.How() {
	case chaos.Auth4401:
		return !c.dismiss(counter, append(switching(key), CloseFrame(4401, "token expired")...))
	case chaos.Auth403:
		return !c.dismiss(counter, page(http.StatusForbidden, "token expired"))
	}
	return !c.dismiss(counter, page(http.StatusUnauthorized, "token expired", `WWW-Authenticate: Bearer error="invalid_token"`))
}

// Token is what an upgrade request brings to prove who it is from: the Authorization header,
// else the query's token or access_token; empty when there is none.
func Token(head []byte) string {
	// Most bring none, and nothing is to be paid for that.
	if !bytes.Contains(head, []byte("uthorization:")) && !bytes.Contains(head, []byte("token=")) {
		return ""
	}
	r, err := parsed(head)
	if err != nil {
		return ""
	}
	if a := strings.TrimSpace(r.Header.Get("Authorization")); a != "" {
		return a
	}
	q := r.URL.Query()
	if t := q.Get("token"); t != "" {
		return t
	}
	return q.Get("access_token")
}
