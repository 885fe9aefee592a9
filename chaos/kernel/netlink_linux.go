package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// answerLimit bounds every wait for the kernel's answer, seconds.
const answerLimit = 2

// sendRoom is for what is sent in one go, bytes: 20 for each of all the ports there are.
const sendRoom = 2 << 20

// link is a netlink socket, for one conversation.
type link struct {
	fd  int
	seq uint32
}

func open(protocol int) (*link, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, os.NewSyscallError("netlink socket", err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: answerLimit}); err != nil {
		return nil, errors.Join(os.NewSyscallError("netlink deadline", err), unix.Close(fd))
	}
	// A batch is one message to the system: with thousands of connections more than it takes by itself.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendRoom)
	return &link{fd: fd}, nil
}

func (l *link) close() { _ = unix.Close(l.fd) }

// message is one request: its type, its flags besides REQUEST, and its body.
type message struct {
	kind, flags uint16
	body        []byte
}

// send sends messages in one go, as a batch must be sent.
func (l *link) send(all ...message) error {
	var b []byte
	for _, m := range all {
		l.seq++
		head := make([]byte, unix.NLMSG_HDRLEN)
		binary.NativeEndian.PutUint32(head, uint32(len(head)+len(m.body)))
		binary.NativeEndian.PutUint16(head[4:], m.kind)
		binary.NativeEndian.PutUint16(head[6:], m.flags|unix.NLM_F_REQUEST)
		binary.NativeEndian.PutUint32(head[8:], l.seq)
		b = append(append(b, head...), m.body...)
		b = append(b, make([]byte, -len(b)&3)...)
	}
	return os.NewSyscallError("netlink send", unix.Sendto(l.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
}

// receive calls each for every message of an answer until an acknowledgement, the end of
// a list, or, where a single message is asked for, that. An error of the kernel's is
// returned.
func (l *link) receive(single bool, each func(body []byte)) error {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(l.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return os.NewSyscallError("netlink answer", err)
		}
		all, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return fmt.Errorf("netlink answer: %w", err)
		}
		for _, m := range all {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				if len(m.Data) < 4 {
					return errors.New("netlink answer: an error without a number")
				}
				if no := -int32(binary.NativeEndian.Uint32(m.Data)); no != 0 {
					return unix.Errno(no)
				}
				return nil
			}
			each(m.Data)
			if single {
				return nil
			}
		}
	}
}

// attr is one attribute, padded.
func attr(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(b)&3)...)
}

func text(kind uint16, s string) []byte     { return attr(kind, append([]byte(s), 0)) }
func number(kind uint16, n uint32) []byte   { return attr(kind, binary.BigEndian.AppendUint32(nil, n)) }
func nest(kind uint16, in ...[]byte) []byte { return attr(kind|unix.NLA_F_NESTED, join(in...)) }

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// find returns the value of an attribute in a list of them, nil when it is not there.
func find(list []byte, kind uint16) []byte {
	for len(list) >= unix.SizeofNlAttr {
		size := int(binary.NativeEndian.Uint16(list))
		if size < unix.SizeofNlAttr || size > len(list) {
			return nil
		}
		if binary.NativeEndian.Uint16(list[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER) == kind {
			return list[unix.SizeofNlAttr:size]
		}
		list = list[min(len(list), (size+3)&^3):]
	}
	return nil
}
