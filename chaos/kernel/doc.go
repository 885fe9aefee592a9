// Package kernel breaks connections below TCP, by rules of the kernel: on Linux, as root.
//
//	wsheal run ─▶ itself again, in a network namespace of its own (Isolate)
//	                 engine, targets, proxy ──▶ lo ◀── rules (nftables), sockets (sock_diag)
//
// All of it happens in a namespace that only the run lives in: it is gone, with every rule,
// when the run's last process is, however that ends. Outside of such a namespace nothing is
// ever put in force. No tools are needed: the kernel is asked by netlink.
package kernel
