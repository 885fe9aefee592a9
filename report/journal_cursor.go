package report

// next is the byte that the cursor is at; 0 at the end.
func (c *cursor) next() byte {
	if c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

// expect steps over a byte.
func (c *cursor) expect(b byte) {
	if c.at < len(c.text) && c.text[c.at] == b {
		c.at++
		return
	}
	c.off = true
}

// key steps over a name and its colon.
func (c *cursor) key() []byte {
	c.expect('"')
	from := c.at
	for c.at < len(c.text) && c.text[c.at] != '"' {
		c.at++
	}
	name := c.text[from:c.at]
	c.expect('"')
	c.expect(':')
	return name
}

// digitsMost is how many digits fit into an int64 whatever they are.
const digitsMost = 18

// integer steps over a whole number.
func (c *cursor) integer() int64 {
	if c.next() == '-' {
		c.at++
		return -c.digits()
	}
	return c.digits()
}

// natural steps over a whole number of 0 to most.
func (c *cursor) natural(most int64) int64 {
	n := c.digits()
	if n > most {
		c.off = true
	}
	return n
}

func (c *cursor) digits() (n int64) {
	from := c.at
	for ; c.at < len(c.text); c.at++ {
		d := c.text[c.at] - '0'
		if d > 9 {
			break
		}
		n = 10*n + int64(d) // which may overflow: then there are too many of them
	}
	switch length := c.at - from; {
	case length == 0, length > digitsMost, length > 1 && c.text[from] == '0':
		c.off = true
	}
	return n
}

// yes steps over true. Writer leaves false out.
func (c *cursor) yes() bool {
	const word = "true"
	if end := c.at + len(word); end <= len(c.text) && string(c.text[c.at:end]) == word {
		c.at = end
		return true
	}
	c.off = true
	return false
}

// word steps over a string that stands for itself: printable ASCII without escapes.
func (c *cursor) word() string {
	c.expect('"')
	from, hash := c.at, uint32(0)
	for ; c.at < len(c.text); c.at++ {
		b := c.text[c.at]
		if b == '"' {
			text := c.text[from:c.at]
			c.at++
			return c.words.get(text, hash)
		}
		if b < ' ' || b > '~' || b == '\\' {
			break
		}
		hash = 31*hash + uint32(b)
	}
	c.off = true
	return ""
}

const (
	// wordsMost bounds how many words are remembered; clients know fewer than a hundred.
	wordsMost = 1 << 12
	// wordLongest bounds their length, so that no journal can exhaust the memory with them.
	wordLongest = 64
)

// vocabulary gives equal words one string, so that none is made for each time that it is read.
type vocabulary struct {
	quick [256]string // by the hash of what was asked for last
	known map[string]string
}

func (w *vocabulary) get(text []byte, hash uint32) string {
	quick := &w.quick[(hash^hash>>8)%uint32(len(w.quick))]
	if *quick == string(text) {
		return *quick
	}
	word, known := w.known[string(text)]
	if !known {
		word = string(text)
		if len(text) > wordLongest || len(w.known) >= wordsMost {
			return word
		}
		if w.known == nil {
			w.known = map[string]string{}
		}
		w.known[word] = word
	}
	*quick = word
	return word
}
