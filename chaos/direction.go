package chaos

// Direction of bytes, seen from the client.
type Direction string

const (
	Both Direction = "both"
	Up   Direction = "up"   // client to target
	Down Direction = "down" // target to client
)

// Covers says whether what acts on d acts on one, which is Up or Down.
func (d Direction) Covers(one Direction) bool { return d == Both || d == one }

// words is the direction as it reads in a sentence.
func (d Direction) words() string {
	if d == Both {
		return "both ways"
	}
	return string(d)
}
