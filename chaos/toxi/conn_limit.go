package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.ConnLimit) door.Rule { return door.ConnLimit{ConnLimit: e} })
}
