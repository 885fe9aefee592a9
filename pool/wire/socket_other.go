//go:build !unix

package wire

// Elsewhere every connection waits in its net.Conn, with a small buffer of its own.
const canTry = false

func readFD(uintptr, []byte) (int, error)  { return 0, errAgain }
func writeFD(uintptr, []byte) (int, error) { return 0, errAgain }
func peekFD(uintptr) error                 { return nil }
