package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.SlowHandshake) door.Rule { return door.SlowHandshake{SlowHandshake: e} })
}
