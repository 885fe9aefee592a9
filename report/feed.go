package report

// feed gives the folds what a sorter gives, a batch at a time.
//
// Between being read and being given a step waits for a second of the journal, and thus
// has left the processor's caches. To look at a batch of them at once first costs about as
// much as to wait for one of them.
type feed struct {
	b     *builder
	r     *Reader
	order sorter
	batch []entry
	seen  int // so that looking has an effect
}

// batchMost is how many records are given at once.
const batchMost = 64

func (f *feed) push(rec Record, line int64) {
	f.order.push(rec, line)
	f.pop(false)
}

func (f *feed) pop(all bool) {
	for e, ok := f.order.pop(all); ok; e, ok = f.order.pop(all) {
		if f.batch = append(f.batch, e); len(f.batch) == batchMost {
			f.give()
		}
	}
}

// give empties the batch.
func (f *feed) give() {
	for i := range f.batch {
		f.look(f.batch[i].step)
	}
	for i := range f.batch {
		e := &f.batch[i]
		f.b.add(e.record(), e.line)
		f.r.reuse(e.step)
	}
	f.batch = f.batch[:0]
}

// look reads a little of each part of a step that the folds need.
func (f *feed) look(s *Step) {
	if s == nil {
		return
	}
	f.seen += s.Client + int(s.Code) + len(s.From) + len(s.To)
	if len(s.Actions) > 0 {
		f.seen += len(s.Actions[0].Kind)
	}
}

// fold reads the journal to its end.
func (b *builder) fold(r *Reader) {
	f := feed{b: b, r: r}
	for r.Scan() {
		rec := r.Record()
		skip := func(format string, args ...any) {
			f.give() // what they have to say comes first
			b.skipped++
			b.warn(format, args...)
			r.reuse(rec.Step)
		}
		bad := rec.check()
		switch {
		case bad != nil:
			skip("journal line %d: %s; skipped", r.Line(), bad)
		case rec.Run != nil:
			skip("journal line %d: a second run begins; what follows is read as if it were the first's", r.Line())
			b.runs++
		case rec.T > b.limit:
			skip("journal line %d: at %s, long after the run's plan ended; skipped", r.Line(), FormatDuration(rec.T))
		case rec.Step != nil && (rec.Step.Client < 0 || rec.Step.Client >= b.run.Clients):
			skip("journal line %d: client %d, expected 0 to %d; skipped", r.Line(), rec.Step.Client, b.run.Clients-1)
		default:
			f.push(rec, r.Line())
		}
	}
	f.pop(true)
	f.give()
	b.skipped += r.Skipped()
}
