package chaos

import (
	"cmp"
	"fmt"
	"time"
)

// AcceptThenClose accepts new connections, and ends them a little later.
type AcceptThenClose struct {
	After time.Duration `json:"after" yaml:"after"` // their 101; 0: at once
	Then  string        `json:"then" yaml:"then"`   // ThenClose, ThenReset or ThenFIN; default ThenClose
	Code  int64         `json:"code" yaml:"code"`   // of the close frame; default 1011
}

// Ways to end a connection.
const (
	ThenClose = "close" // a close frame
	ThenReset = "rst"   // a TCP RST
	ThenFIN   = "fin"   // the end of stream, without a close frame
)

// Kind names the fault.
func (AcceptThenClose) Kind() string { return "accept_then_close" }

// Check returns what is wrong with the attributes.
func (a AcceptThenClose) Check() []string {
	return append(inBounds(a), badCode("code", a.Code)...)
}

// badCode says what is wrong with a close code that a server is to send.
func badCode(name string, code int64) []string {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return nil
	}
	return []string{fmt.Sprintf("%s %d must not be sent, expected 1000 to 1003, 1007 to 1014 or 3000 to 4999", name, code)}
}

// How is Then with the default filled in.
func (a AcceptThenClose) How() string { return cmp.Or(a.Then, ThenClose) }

// String is the attributes in words: "after 100ms with 1011", "after 0s by rst".
func (a AcceptThenClose) String() string {
	if a.How() == ThenClose {
		return fmt.Sprintf("after %v with %d", a.After, a.Code)
	}
	return fmt.Sprintf("after %v by %s", a.After, a.How())
}

func init() {
	register(Kind{
		Name: "accept_then_close", Family: Connect,
		Short: "new connections open, and end soon after",
		About: "Answers new connections with 101 and ends them a little later, as servers do that look at credentials, or " +
			"run out of memory, after the upgrade. Who takes open for healed begins anew at its shortest delay each time.",
		Params: []Param{
			{Name: "after", Type: "duration", Default: "0s", Max: float64(time.Hour), About: "how long they are open"},
			{Name: "then", Type: "close | rst | fin", Default: "close", About: "how they end: a close frame, a RST, or the end of stream without a close frame"},
			{Name: "code", Type: "integer", Default: "1011", Min: 1000, Max: 4999, About: "of the close frame"},
		},
		Conns:    []Conns{New},
		Expect:   []Sight{SeesCloseFrame, SeesReset, SeesEOF},
		Proof:    []Proof{{"closed", "connections ended after their 101"}},
		Reach:    1,
		Evidence: "every client of the cohort whose connection was to end while it was in force was let in and ended",
		Backends: []Support{
			{By: ByTarget, Note: "messages are echoed meanwhile, and those that are open when it is over live on"},
			{By: ByProxy, Note: "the target never learns of them, and messages are not answered meanwhile; " + notTLS},
		},
		Example: "{name: brownout, inject: accept_then_close, on: blue, at: chaos, for: 5s, after: 100ms, code: 1011}",
		New:     func() Effect { return &AcceptThenClose{Then: ThenClose, Code: 1011} },
	})
}
