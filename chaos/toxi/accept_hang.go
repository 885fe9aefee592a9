package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.AcceptHang) door.Rule { return door.AcceptHang{AcceptHang: e} })
}
