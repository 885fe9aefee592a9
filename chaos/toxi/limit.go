package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.Limit) (rule, chaos.Direction) { return limit{e.Bytes, deedOf(e.Ends())}, e.Way() })
}

// deedOf is an ending as rules name it.
func deedOf(e chaos.Ending) deed {
	switch e {
	case chaos.EndFIN:
		return finishes
	case chaos.EndRST:
		return resets
	}
	return forgets
}

// limit lets so many bytes of a lane go on, and ends the connection behind them.
type limit struct {
	bytes int64
	then  deed
}

// spent is how many bytes of a lane have gone on.
type spent struct{ bytes int64 }

func (r limit) shape(o *order, l *lane, data []byte) [][]byte {
	m := memory[spent](l, o)
	left := r.bytes - m.bytes
	if left <= 0 {
		return nil
	}
	m.bytes += int64(len(data))
	if int64(len(data)) < left {
		return [][]byte{data}
	}
	l.then(r.then, o)
	return [][]byte{data[:left]}
}
