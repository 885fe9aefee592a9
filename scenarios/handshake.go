package scenarios

import (
	"errors"
	"fmt"
)

// ParseHandshake reads a handshake capacity by itself, as YAML: "{workers: 1, cost: 2ms}".
// The error is a Mistakes with everything that is wrong.
func ParseHandshake(text string) (Handshake, error) {
	p := &problems{file: "handshake", bad: map[*node]bool{}}
	root, err := parseTree([]byte(text))
	if err != nil {
		if e, ok := errors.AsType[lineError](err); ok {
			return Handshake{}, errors.New(e.want)
		}
		return Handshake{}, err
	}
	handshakeShape.check(root, "", p)
	h := handshake(view{p, root, &handshakeShape, ""})
	if len(p.list) > 0 {
		p.list.sort(p.file)
		return Handshake{}, p.list
	}
	return h, nil
}

// String is the capacity as ParseHandshake reads it.
func (h Handshake) String() string {
	overflow := h.Overflow
	if overflow == "" {
		overflow = "503"
	}
	return fmt.Sprintf("{workers: %d, cost: %s, burn: %t, queue: %d, overflow: %s, retry_after: %s, lifo: %t, stale_work: %t}",
		h.Workers, formatDuration(h.Cost), h.Burn, h.Queue, overflow, formatDuration(h.RetryAfter), h.LIFO, h.StaleWork)
}
