package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Of linux/sock_diag.h and linux/inet_diag.h, which golang.org/x/sys does not have.
const (
	diagByFamily = 20 // SOCK_DIAG_BY_FAMILY
	diagDestroy  = 21 // SOCK_DESTROY

	established, closeWait = 1, 8 // states of TCP

	idSize     = 48 // inet_diag_sockid: ports, addresses, interface, cookie
	answerHead = 4  // before the id in an answer: family, state, timer, retransmissions
)

// destroy ends every connection that the host has open at a port, with a RST, and
// returns how many the kernel has ended. One that ends meanwhile is not counted.
func destroy(port uint16) (int, error) {
	n := 0
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		ids, err := connections(family, port)
		if err != nil {
			return n, fmt.Errorf("list sockets: %w", err)
		}
		for _, id := range ids {
			switch err := ask(diagDestroy, unix.NLM_F_ACK, request(family, id), func([]byte) {}); {
			case errors.Is(err, unix.ENOENT): // it has ended
			case err != nil:
				return n, fmt.Errorf("destroy socket: %w", err)
			default:
				n++
			}
		}
	}
	return n, nil
}

// connections are the ids of those that are open at a port of this host.
func connections(family byte, port uint16) ([][]byte, error) {
	var ids [][]byte
	err := ask(diagByFamily, unix.NLM_F_DUMP, request(family, make([]byte, idSize)), func(b []byte) {
		if len(b) < answerHead+idSize {
			return
		}
		if id := b[answerHead : answerHead+idSize]; binary.BigEndian.Uint16(id) == port {
			ids = append(ids, append([]byte(nil), id...))
		}
	})
	return ids, err
}

func request(family byte, id []byte) []byte {
	b := []byte{family, unix.IPPROTO_TCP, 0, 0}
	b = binary.NativeEndian.AppendUint32(b, 1<<established|1<<closeWait)
	return append(b, id...)
}

func ask(kind, flags uint16, body []byte, each func([]byte)) error {
	l, err := open(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.send(message{kind, flags, body}); err != nil {
		return err
	}
	return l.receive(false, each)
}
