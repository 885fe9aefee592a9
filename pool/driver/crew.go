package driver

import "sync"

// spare is how many goroutines wait for work at most, once they have done some.
const spare = 16

// crew runs jobs, each on a goroutine that does nothing else meanwhile. A goroutine that
// has worked has grown its stack, so a few of them are kept for the next jobs. Growing it was a
// tenth of the CPU time of coming back after a reset of all (bench/cost, reconnect).
type crew struct {
	jobs    chan job // unbuffered: sending succeeds only if somebody waits
	quit    chan struct{}
	running sync.WaitGroup

	mu   sync.Mutex
	idle int
}

// job is something to do for a client or a connection.
type job struct {
	deliver *client // one of these three
	dial    *dial
	flush   *conn

	batch *batch // flush
}

func (j job) do() {
	switch {
	case j.deliver != nil:
		j.deliver.deliver()
	case j.dial != nil:
		j.dials()
	default:
		j.flush.flush(j.batch)
	}
}

func newCrew() *crew { return &crew{jobs: make(chan job), quit: make(chan struct{})} }

// run has somebody do a job. It never waits.
func (w *crew) run(j job) {
	select {
	case w.jobs <- j:
	default:
		w.running.Add(1)
		go w.work(j)
	}
}

func (w *crew) work(j job) {
	defer w.running.Done()
	if j.dial != nil && j.dial.client.fleet.few() {
		deepen(0)
	}
	for {
		j.do()
		if !w.rest() {
			return
		}
		select {
		case j = <-w.jobs:
			w.rise()
		case <-w.quit:
			w.rise()
			return
		}
	}
}

// deepen grows a stack to what a dial needs, while there is next to nothing on it to copy.
// Package net has it grown twice, with all that is on it by then, which took another 2 % of
// the CPU time of coming back after a reset of all (bench/cost, reconnect).
//
//go:noinline
func deepen(i int) byte {
	if i == 0 {
		return 0
	}
	var room [5 << 10]byte
	return room[i]
}

// rest counts a goroutine as one that waits; false: enough do.
func (w *crew) rest() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle == spare {
		return false
	}
	w.idle++
	return true
}

func (w *crew) rise() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle--
}

// end sends home who waits. Nothing may be running, or be begun.
func (w *crew) end() {
	close(w.quit)
	w.running.Wait()
}
