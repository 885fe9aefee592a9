package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Replies is what the built-in server does with its replies, so many exactly, drawn by the
// seed from the messages in the order of their arrival. The zero value answers everything at
// once.
type Replies struct {
	Seed       uint64        `yaml:"seed" json:"seed,omitempty"`
	LateEach   int           `yaml:"late_each" json:"late_each,omitempty"`     // one reply of each so many is late; 0: none
	LateBy     time.Duration `yaml:"late_by" json:"late_by,omitempty"`         // by so much
	Lost       int           `yaml:"lost" json:"lost,omitempty"`               // so many messages are left unanswered; 0: none
	LostOf     int           `yaml:"lost_of" json:"lost_of,omitempty"`         // of each so many
	PauseAfter int           `yaml:"pause_after" json:"pause_after,omitempty"` // behind so many messages the server parts from everybody; 0: never
	Pause      time.Duration `yaml:"pause" json:"pause,omitempty"`             // and lets nobody in for so long
}

var repliesShape = shape{fields: []field{
	{name: "seed", about: "of the draw", preset: "1", shape: valueOf(seedValue)},
	{name: "late_each", about: "one reply of each so many is late, and overtaken; 0: none", preset: "0", shape: valueOf(integer(0, 1<<30))},
	{name: "late_by", about: "how late", preset: "0s", shape: valueOf(durationValue)},
	{name: "lost", about: "so many messages are left unanswered; 0: none", preset: "0", shape: valueOf(integer(0, 1<<30))},
	{name: "lost_of", about: "of each so many", preset: "0", shape: valueOf(integer(0, 1<<30))},
	{name: "pause_after", about: "behind so many messages it parts from all clients; 0: never", preset: "0", shape: valueOf(integer(0, 1<<30))},
	{name: "pause", about: "for which it then lets nobody in", preset: "0s", shape: valueOf(durationValue)},
}}

// replies reads what is written of them; nothing at all is the zero value.
func replies(v view) Replies {
	var r Replies
	r.Seed, _ = read(v, "seed", parseSeed)
	r.LateEach, _ = read(v, "late_each", strconv.Atoi)
	r.LateBy, _ = read(v, "late_by", parseDuration)
	r.Lost, _ = read(v, "lost", strconv.Atoi)
	r.LostOf, _ = read(v, "lost_of", strconv.Atoi)
	r.PauseAfter, _ = read(v, "pause_after", strconv.Atoi)
	r.Pause, _ = read(v, "pause", parseDuration)
	if (r.LateEach > 0) != (r.LateBy > 0) {
		v.complain("late_each", "expected late_each and late_by together, or neither")
	}
	if (r.Lost > 0) != (r.LostOf > 0) {
		v.complain("lost", "expected lost and lost_of together, or neither")
	} else if r.Lost > r.LostOf {
		v.complain("lost", "expected no more than the %d of which they are, got %d", r.LostOf, r.Lost)
	}
	if (r.PauseAfter > 0) != (r.Pause > 0) {
		v.complain("pause_after", "expected pause_after and pause together, or neither")
	}
	return r
}

// ParseReplies reads what a server does with its replies by itself, as YAML:
// "{lost: 37, lost_of: 10000}". The error is a Mistakes with everything that is wrong.
func ParseReplies(text string) (Replies, error) {
	p := &problems{file: "replies", bad: map[*node]bool{}}
	root, err := parseTree([]byte(text))
	if err != nil {
		if e, ok := errors.AsType[lineError](err); ok {
			return Replies{}, errors.New(e.want)
		}
		return Replies{}, err
	}
	repliesShape.check(root, "", p)
	r := replies(view{p, root, &repliesShape, ""})
	if len(p.list) > 0 {
		p.list.sort(p.file)
		return Replies{}, p.list
	}
	return r, nil
}

// String is what ParseReplies reads.
func (r Replies) String() string {
	return fmt.Sprintf("{seed: %d, late_each: %d, late_by: %s, lost: %d, lost_of: %d, pause_after: %d, pause: %s}",
		r.Seed, r.LateEach, formatDuration(r.LateBy), r.Lost, r.LostOf, r.PauseAfter, formatDuration(r.Pause))
}

// write adds them to a target's options.
func (r Replies) write(to *node) {
	m := to.putMapping("replies")
	m.put("seed", strconv.FormatUint(r.Seed, 10))
	m.put("late_each", strconv.Itoa(r.LateEach))
	m.put("late_by", formatDuration(r.LateBy))
	m.put("lost", strconv.Itoa(r.Lost))
	m.put("lost_of", strconv.Itoa(r.LostOf))
	m.put("pause_after", strconv.Itoa(r.PauseAfter))
	m.put("pause", formatDuration(r.Pause))
}
