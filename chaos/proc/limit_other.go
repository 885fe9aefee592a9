//go:build !unix

package proc

import "errors"

// RaiseDescriptorLimit has nothing to raise where the system has no such limit.
func RaiseDescriptorLimit() (soft uint64, err error) {
	return 0, errors.ErrUnsupported
}
