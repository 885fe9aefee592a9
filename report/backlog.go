package report

// caughtUp is how long after a moment the last message had waited for a connection: from
// there on no more were due and not yet handed to the kernel, those given up left out,
// than at the end of any interval of the baseline. -1: that was not so at the end of the
// load. False where the baseline has too few intervals to compare with.
func (m *messages) caughtUp(begun, commanded, over, end int64) (ns int64, ok bool) {
	var waiting, usual, since int64
	n, behind := 0, false
	for _, iv := range m.intervals {
		waiting += iv.intended - iv.sent - iv.dropped
		switch {
		case iv.from >= begun-edgeSlack && iv.to <= commanded:
			n++
			usual = max(usual, waiting)
		case iv.to > commanded && iv.from < end:
			if was := behind; was != (waiting > usual) {
				behind, since = !was, iv.to
			}
		}
	}
	switch {
	case n < 2:
		return 0, false
	case behind:
		return -1, true
	}
	return max(0, since-over), true
}
