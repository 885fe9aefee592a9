package chaos

// Family is where in the life of a connection, or how deep, a kind of fault acts.
type Family string

const (
	Network  Family = "network"  // what happens to bytes and sockets between client and target
	Connect  Family = "connect"  // until the upgrade is answered: TCP, TLS, names, HTTP
	Protocol Family = "protocol" // above the upgrade: frames and messages
	Peer     Family = "peer"     // the life of the target's process
	Kernel   Family = "kernel"   // below TCP, where no proxy acknowledges in between
)

// Families are all, in the order in which they are listed.
func Families() []Family { return []Family{Network, Connect, Protocol, Peer, Kernel} }
