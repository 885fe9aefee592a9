//go:build !linux

package proc

func threadID() int { return 0 }

// threadExists: no other system ties a child to a thread.
func threadExists(int) bool { return false }
