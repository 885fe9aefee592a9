package target

// line is tickets in order of their coming. Whoever stands in the middle can leave at
// no cost, which matters in a storm, when most of a long line does.
type line[T any] struct {
	head, tail *ticket[T]
	n          int
}

func (l *line[T]) push(t *ticket[T]) {
	t.line, t.prev, t.next = l, l.tail, nil
	if l.tail == nil {
		l.head = t
	} else {
		l.tail.next = t
	}
	l.tail = t
	l.n++
}

// remove does nothing for a ticket that is not in this line.
func (l *line[T]) remove(t *ticket[T]) {
	if t.line != l {
		return
	}
	if t.prev == nil {
		l.head = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		l.tail = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.line, t.prev, t.next = nil, nil, nil
	l.n--
}
