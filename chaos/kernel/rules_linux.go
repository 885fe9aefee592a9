package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/wsheal/wsheal/chaos"
)

const (
	chainName   = "in"
	counterName = "dropped"
	peersName   = "peers"
	counterType = 1 // NFT_OBJECT_COUNTER
)

// rule drops packets of one port and counts them.
type rule struct {
	port  uint16
	from  bool // packets that come from the port; else those that go to it
	flags byte // of TCP, SYN and ACK: only packets that have exactly these of the two; 0: all packets
	peers bool // only of connections whose client's port is one of the set's
}

// rulesFor are the rules of a partition.
func rulesFor(f chaos.Fault, port uint16) []rule {
	const syn, ack = 0x02, 0x10
	way, peers := f.Effect.(chaos.KernelPartition).Way(), f.Conns == chaos.Existing
	switch {
	case f.Conns != chaos.New && way == chaos.Both:
		return []rule{{port: port, peers: peers}, {port: port, from: true, peers: peers}}
	case f.Conns != chaos.New:
		return []rule{{port: port, from: way == chaos.Down, peers: peers}}
	case way == chaos.Down:
		return []rule{{port: port, from: true, flags: syn | ack}}
	}
	return []rule{{port: port, flags: syn}}
}

// peersOf are the client's ports of the connections that are open at a port of this host.
func peersOf(port uint16) ([]uint16, error) {
	var peers []uint16
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		ids, err := connections(family, port)
		if err != nil {
			return nil, fmt.Errorf("list sockets: %w", err)
		}
		for _, id := range ids {
			peers = append(peers, binary.BigEndian.Uint16(id[2:]))
		}
	}
	slices.Sort(peers)
	return slices.Compact(peers), nil
}

// drop makes a table with a chain that has the rules, at once or not at all:
//
//	table inet NAME { counter dropped; set peers { PORT, … }; chain in { type filter hook input; RULE… counter dropped drop } }
//
// A client's port is its connection's alone for as long as that is not over, so that whoever
// dials meanwhile has another.
func drop(table string, rules []rule, peers []uint16) error {
	batch := []message{
		nft(unix.NFT_MSG_NEWTABLE, text(unix.NFTA_TABLE_NAME, table)),
		nft(unix.NFT_MSG_NEWCHAIN, text(unix.NFTA_CHAIN_TABLE, table), text(unix.NFTA_CHAIN_NAME, chainName),
			nest(unix.NFTA_CHAIN_HOOK, number(unix.NFTA_HOOK_HOOKNUM, unix.NF_INET_LOCAL_IN), number(unix.NFTA_HOOK_PRIORITY, 0)),
			text(unix.NFTA_CHAIN_TYPE, "filter")),
		nft(unix.NFT_MSG_NEWOBJ, text(unix.NFTA_OBJ_TABLE, table), text(unix.NFTA_OBJ_NAME, counterName),
			number(unix.NFTA_OBJ_TYPE, counterType),
			nest(unix.NFTA_OBJ_DATA, attr(unix.NFTA_COUNTER_BYTES, make([]byte, 8)), attr(unix.NFTA_COUNTER_PACKETS, make([]byte, 8)))),
	}
	batch = append(batch, set(table, peers)...)
	for _, r := range rules {
		batch = append(batch, nft(unix.NFT_MSG_NEWRULE, text(unix.NFTA_RULE_TABLE, table), text(unix.NFTA_RULE_CHAIN, chainName),
			nest(unix.NFTA_RULE_EXPRESSIONS, r.expressions()...)))
	}
	return commit(batch)
}

// set makes the set of peers.
func set(table string, peers []uint16) []message {
	const id, service, atOnce = 1, 13, 1000 // service: nft's word for a port, for whoever lists the table
	of := []message{nft(unix.NFT_MSG_NEWSET, text(unix.NFTA_SET_TABLE, table), text(unix.NFTA_SET_NAME, peersName),
		number(unix.NFTA_SET_FLAGS, 0), number(unix.NFTA_SET_KEY_TYPE, service), number(unix.NFTA_SET_KEY_LEN, 2),
		number(unix.NFTA_SET_ID, id))}
	for some := range slices.Chunk(peers, atOnce) { // an attribute has 64 KiB at most
		var elements [][]byte
		for _, peer := range some {
			elements = append(elements, nest(unix.NFTA_LIST_ELEM, nest(unix.NFTA_SET_ELEM_KEY,
				attr(unix.NFTA_DATA_VALUE, binary.BigEndian.AppendUint16(nil, peer)))))
		}
		of = append(of, nft(unix.NFT_MSG_NEWSETELEM, text(unix.NFTA_SET_ELEM_LIST_TABLE, table),
			text(unix.NFTA_SET_ELEM_LIST_SET, peersName), number(unix.NFTA_SET_ELEM_LIST_SET_ID, id),
			nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS, elements...)))
	}
	return of
}

// undrop removes the table with all that is in it. That it is not there is no error.
func undrop(table string) error {
	err := commit([]message{{kind: nftKind(unix.NFT_MSG_DELTABLE), body: join(nftHead(), text(unix.NFTA_TABLE_NAME, table))}})
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// dropped is the number of packets that a table has dropped.
func dropped(table string) (int64, error) {
	l, err := open(unix.NETLINK_NETFILTER)
	if err != nil {
		return 0, err
	}
	defer l.close()
	body := join(nftHead(), text(unix.NFTA_OBJ_TABLE, table), text(unix.NFTA_OBJ_NAME, counterName), number(unix.NFTA_OBJ_TYPE, counterType))
	if err := l.send(message{kind: nftKind(unix.NFT_MSG_GETOBJ), body: body}); err != nil {
		return 0, err
	}
	var packets []byte
	err = l.receive(true, func(body []byte) {
		if len(body) >= nftHeadSize {
			packets = find(find(body[nftHeadSize:], unix.NFTA_OBJ_DATA), unix.NFTA_COUNTER_PACKETS)
		}
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("counter of nftables: %w", err)
	case len(packets) != 8:
		return 0, errors.New("counter of nftables: the kernel's answer has no number of packets")
	}
	return int64(binary.BigEndian.Uint64(packets)), nil
}

// expressions are those of the rule: what a packet must be, then count and drop.
func (r rule) expressions() [][]byte {
	const offsetFlags, offsetTo, offsetFrom = 13, 2, 0 // in the header of TCP
	port := binary.BigEndian.AppendUint16(nil, r.port)
	offset, other := uint32(offsetTo), uint32(offsetFrom)
	if r.from {
		offset, other = other, offset
	}
	list := [][]byte{
		expr("meta", number(unix.NFTA_META_DREG, unix.NFT_REG_1), number(unix.NFTA_META_KEY, unix.NFT_META_L4PROTO)),
		equals([]byte{unix.IPPROTO_TCP}),
		fromHeader(offset, 2),
		equals(port),
	}
	if r.peers {
		list = append(list, fromHeader(other, 2),
			expr("lookup", text(unix.NFTA_LOOKUP_SET, peersName), number(unix.NFTA_LOOKUP_SREG, unix.NFT_REG_1)))
	}
	if r.flags != 0 {
		list = append(list, fromHeader(offsetFlags, 1),
			expr("bitwise", number(unix.NFTA_BITWISE_SREG, unix.NFT_REG_1), number(unix.NFTA_BITWISE_DREG, unix.NFT_REG_1),
				number(unix.NFTA_BITWISE_LEN, 1),
				nest(unix.NFTA_BITWISE_MASK, attr(unix.NFTA_DATA_VALUE, []byte{0x12})),
				nest(unix.NFTA_BITWISE_XOR, attr(unix.NFTA_DATA_VALUE, []byte{0}))),
			equals([]byte{r.flags}))
	}
	return append(list,
		expr("objref", number(unix.NFTA_OBJREF_IMM_TYPE, counterType), text(unix.NFTA_OBJREF_IMM_NAME, counterName)),
		expr("immediate", number(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT),
			nest(unix.NFTA_IMMEDIATE_DATA, nest(unix.NFTA_DATA_VERDICT, number(unix.NFTA_VERDICT_CODE, 0))))) // NF_DROP
}

func fromHeader(offset, length uint32) []byte {
	return expr("payload", number(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1), number(unix.NFTA_PAYLOAD_BASE, unix.NFT_PAYLOAD_TRANSPORT_HEADER),
		number(unix.NFTA_PAYLOAD_OFFSET, offset), number(unix.NFTA_PAYLOAD_LEN, length))
}

func equals(value []byte) []byte {
	return expr("cmp", number(unix.NFTA_CMP_SREG, unix.NFT_REG_1), number(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ),
		nest(unix.NFTA_CMP_DATA, attr(unix.NFTA_DATA_VALUE, value)))
}

func expr(name string, in ...[]byte) []byte {
	return nest(unix.NFTA_LIST_ELEM, text(unix.NFTA_EXPR_NAME, name), nest(unix.NFTA_EXPR_DATA, in...))
}

const nftHeadSize = 4

// nftHead is what each message of nftables begins with: the family, here IPv4 and IPv6.
func nftHead() []byte { return []byte{unix.NFPROTO_INET, unix.NFNETLINK_V0, 0, 0} }

func nftKind(of uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | of }

func nft(of uint16, in ...[]byte) message {
	return message{kind: nftKind(of), flags: unix.NLM_F_CREATE, body: join(append([][]byte{nftHead()}, in...)...)}
}

// commit carries out a batch: all of it or nothing. The first answer is the first error,
// or else the acknowledgement of the last message.
func commit(batch []message) error {
	l, err := open(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer l.close()
	edge := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}
	batch[len(batch)-1].flags |= unix.NLM_F_ACK
	all := append([]message{{kind: unix.NFNL_MSG_BATCH_BEGIN, body: edge}}, batch...)
	if err := l.send(append(all, message{kind: unix.NFNL_MSG_BATCH_END, body: edge})...); err != nil {
		return err
	}
	if err := l.receive(false, func([]byte) {}); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}
