package target

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	obeys(func(e chaos.ConnLimit) rule { return door.ConnLimit{ConnLimit: e} })
}
