package toxi

import (
	"github.com/wsheal/wsheal/chaos"
	"github.com/wsheal/wsheal/chaos/door"
)

func init() {
	atDoor(func(e chaos.UpgradeReject) door.Rule { return door.UpgradeReject{UpgradeReject: e} })
}
