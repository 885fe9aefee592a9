package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.BadAccept) door.Rule { return door.BadAccept{BadAccept: e} })
}
