package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.AcceptThenClose) door.Rule { return door.AcceptThenClose{AcceptThenClose: e} })
}
