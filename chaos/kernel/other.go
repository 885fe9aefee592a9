//go:build !linux

package kernel

import (
	"context"
	"errors"
	"runtime"

	"github.com/wsheal/wsheal/chaos"
)

// Lacks says why faults of the kernel cannot be had here.
func Lacks() string { return "it needs Linux, and this is " + runtime.GOOS }

// Inside is false: no namespace can be made here.
func Inside() bool { return false }

// Isolate fails: no namespace can be made here.
func Isolate(context.Context) (int, error) { return 0, errors.New(Lacks()) }

// Settle fails: no namespace can be made here.
func Settle() error { return errOutside }

type rule struct{}

func rulesFor(chaos.Fault, uint16) []rule { return nil }
func peersOf(uint16) ([]uint16, error)    { return nil, errOutside }
func drop(string, []rule, []uint16) error { return errOutside }
func undrop(string) error                 { return errOutside }
func dropped(string) (int64, error)       { return 0, errOutside }
func destroy(uint16) (int, error)         { return 0, errOutside }
