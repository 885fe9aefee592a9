package toxi

import "github.com/wsheal/wsheal/chaos"

func init() {
	obeys(func(e chaos.Slice) (rule, chaos.Direction) {
		return slicer{size: int(e.Size), pause: e.Pause}, e.Way()
	})
}
