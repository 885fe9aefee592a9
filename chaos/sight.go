package chaos

// Sight is what a client sees of a fault. Those that end a connection or an attempt have
// the words of pool/heal's causes; the others leave it open.
type Sight string

const (
	SeesRefused    Sight = "refused"     // connection refused
	SeesTimeout    Sight = "timeout"     // dial, TLS or upgrade do not end
	SeesReset      Sight = "reset"       // ECONNRESET
	SeesEOF        Sight = "eof"         // end of stream without a close frame
	SeesCloseFrame Sight = "close"       // a close frame, its code that of the fault
	SeesStatus     Sight = "status"      // an HTTP status other than 101
	SeesTLS        Sight = "tls"         // the certificate or the TLS handshake is rejected
	SeesDNS        Sight = "dns"         // the name does not resolve
	SeesProtocol   Sight = "protocol"    // a breach of RFC 6455 or of HTTP
	SeesHalfOpen   Sight = "half-open"   // pings are not answered, and nothing comes
	SeesStall      Sight = "write-stall" // what is written makes no progress

	SeesSlow     Sight = "slow"     // answers take longer, handshakes among them
	SeesLoss     Sight = "loss"     // messages are missing
	SeesDouble   Sight = "double"   // messages come more than once
	SeesDisorder Sight = "disorder" // messages come out of order
	SeesAltered  Sight = "altered"  // messages come with another content
	SeesFlood    Sight = "flood"    // frames come that nobody asked for
	SeesNothing  Sight = "nothing"  // only the target, or the counters, can tell
)

// Ends says whether what is seen ends a connection or an attempt.
func (s Sight) Ends() bool {
	switch s {
	case SeesSlow, SeesLoss, SeesDouble, SeesDisorder, SeesAltered, SeesFlood, SeesNothing:
		return false
	}
	return true
}
