package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.Partition) (rule, chaos.Direction) { return partition{}, e.Way() })
}

// partition holds everything.
type partition struct{}

func (partition) holds() (bytes, ends bool) { return true, true }
