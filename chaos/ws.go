package chaos

import (
	"fmt"
	"strconv"
)

// Opcode is which frames a fault of the protocol acts on.
type Opcode string

const (
	OpData   Opcode = "data" // messages, text or binary
	OpText   Opcode = "text"
	OpBinary Opcode = "binary"
	OpPing   Opcode = "ping"
	OpPong   Opcode = "pong"
	OpClose  Opcode = "close"
)

// plural is what of, in a sentence.
func (op Opcode) plural() string {
	switch op {
	case OpPing, OpPong:
		return string(op) + "s"
	case OpClose:
		return "close frames"
	case OpText, OpBinary:
		return string(op) + " messages"
	}
	return "messages"
}

// Attributes that faults of the protocol share.
var (
	paramNth = Param{
		Name: "nth", Type: "integer", Default: "1", Min: 1,
		About: "acts on each nth of them, counted on each connection and way",
	}
	paramPercent = Param{
		Name: "percent", Type: "share", Default: "100%", Min: 0.0001, Max: 1,
		About: "acts on this part of them, drawn from the seed; not together with nth",
	}
)

// paramOpcode is the parameter of those of the words that a kind offers.
func paramOpcode(words, preset Opcode, about string) Param {
	return Param{Name: "opcode", Type: string(words), Default: string(preset), About: about}
}

// checkPick returns what is wrong with which of them are to be picked.
func checkPick(nth int64, percent float64) []string {
	if nth > 1 && percent < 1 {
		return []string{fmt.Sprintf("percent %s and nth %d are both given, expected one of them", paramPercent.shown(percent), nth)}
	}
	return nil
}

// picked is which of them are picked, in words: "every message", "each 3rd ping", "30% of text messages".
func picked(op Opcode, nth int64, percent float64) string {
	switch {
	case percent < 1:
		return paramPercent.shown(percent) + " of " + op.plural()
	case nth > 1:
		return "1 of " + strconv.FormatInt(nth, 10) + " " + op.plural()
	}
	return "all " + op.plural()
}
