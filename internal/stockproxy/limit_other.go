//go:build !linux && !darwin

package stockproxy

// limit does nothing where descriptors are not limited.
func limit(uint64) error { return nil }
