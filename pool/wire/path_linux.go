package wire

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The states of a connection that can still carry something our way and theirs.
const (
	tcpEstablished = 1
	tcpCloseWait   = 8
)

// askKernel reads a socket's tcp_info.
func askKernel(raw syscall.RawConn) (f facts, ok bool) {
	err := raw.Control(func(fd uintptr) {
		i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		ok = true
		f = facts{
			established: i.State == tcpEstablished || i.State == tcpCloseWait,
			retransmits: i.Retransmits, probes: i.Probes,
			unacked: i.Unacked, waiting: i.Notsent_bytes, window: i.Snd_wnd, sent: i.Bytes_sent,
			acked: i.Bytes_acked, ago: time.Duration(i.Last_ack_recv) * time.Millisecond,
		}
	})
	return f, ok && err == nil
}

// outstanding is how many bytes the peer's kernel has not acknowledged, sent or not.
func outstanding(raw syscall.RawConn) (n int, ok bool) {
	err := raw.Control(func(fd uintptr) {
		waiting, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		n, ok = waiting, err == nil
	})
	return n, ok && err == nil
}
