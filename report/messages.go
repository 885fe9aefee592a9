package report

// messages sums the load by the phase of the messages' intended times.
type messages struct {
	phases    map[string]LoadCount
	intervals []loadInterval
	records   int
	ordered   int // of them, those that count what came out of order
	run       *Run
}

// namesMost bounds the phases, and the processes and targets, that are told apart; the
// rest are one. No run has as many.
const (
	namesMost = 256
	otherName = "other"
)

// loadInterval is what is kept of each interval: one a second.
type loadInterval struct {
	from, to                               int64
	intended, sent, acked, resent, dropped int64
}

func newMessages(run *Run) *messages {
	return &messages{phases: map[string]LoadCount{}, run: run}
}

func (m *messages) Add(rec Record) {
	if rec.Load == nil {
		return
	}
	iv := loadInterval{from: rec.Load.From, to: rec.T}
	if rec.Load.Ordered {
		m.ordered++
	}
	m.records++
	for phase, c := range rec.Load.Phases {
		if _, known := m.phases[phase]; !known && len(m.phases) >= namesMost {
			phase = otherName
		}
		m.phases[phase] = m.phases[phase].plus(c)
		iv.intended += c.Intended
		iv.sent += c.Sent
		iv.acked += c.Acked
		if m.run.Pattern == Push { // nothing is answered: what comes is what users notice
			iv.acked += c.Pushed
		}
		iv.resent += c.Resent
		iv.dropped += c.Dropped
	}
	m.intervals = append(m.intervals, iv)
}

// Result returns the counts and the lost by phase and for "all". Lost is what was due and
// never answered, up to the last interval of the journal; nothing is where nothing is answered.
func (m *messages) Result() (counts map[string]LoadCount, lost map[string]int64) {
	counts, lost = map[string]LoadCount{}, map[string]int64{}
	var all LoadCount
	for phase, c := range m.phases {
		counts[phase] = c
		if m.run.answers() {
			lost[phase] = max(0, c.Intended-c.Acked)
			lost["all"] += lost[phase]
		}
		all = all.plus(c)
	}
	if len(counts) > 0 {
		counts["all"] = all
	}
	return counts, lost
}

// answered are the intervals for the answers per second; none where nothing is answered.
func (m *messages) answered() []loadInterval {
	if m.run.Pattern == Silent {
		return nil
	}
	return m.intervals
}

// lostSince estimates the messages lost in the intervals that lie wholly after a moment:
// those due, and those sent, minus those answered in them. What was under way at both ends
// cancels out.
func (m *messages) lostSince(t int64) (due, sent int64) {
	if !m.run.answers() {
		return 0, 0
	}
	for _, iv := range m.intervals {
		if iv.from >= t {
			due += iv.intended - iv.acked
			sent += iv.sent - iv.acked
		}
	}
	return max(0, due), max(0, sent)
}

func (a LoadCount) plus(b LoadCount) LoadCount {
	return LoadCount{
		Intended: a.Intended + b.Intended, Sent: a.Sent + b.Sent, Acked: a.Acked + b.Acked, Resent: a.Resent + b.Resent,
		Dup: a.Dup + b.Dup, Dropped: a.Dropped + b.Dropped, Waited: a.Waited + b.Waited, Reordered: a.Reordered + b.Reordered,
		Pushed: a.Pushed + b.Pushed,
	}
}

func (a loadInterval) plus(b loadInterval) loadInterval {
	a.intended, a.sent, a.acked = a.intended+b.intended, a.sent+b.sent, a.acked+b.acked
	a.resent, a.dropped = a.resent+b.resent, a.dropped+b.dropped
	return a
}
