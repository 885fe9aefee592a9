package live_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// screen is a terminal as far as the frame needs one: text, newlines, carriage returns,
// cursor up, erase to the right and below, colours. Any other escape fails the test.
type screen struct {
	t      *testing.T
	width  int
	rows   [][]rune
	row    int
	column int
	writes int
}

func newScreen(t *testing.T, width int) *screen {
	return &screen{t: t, width: width, rows: [][]rune{nil}}
}

func (s *screen) Write(p []byte) (int, error) {
	s.writes++
	text := []rune(string(p))
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case r == '\n':
			s.down()
			s.column = 0
		case r == '\r':
			s.column = 0
		case r == 0x1b:
			i = s.escape(text, i)
		default:
			require.GreaterOrEqual(s.t, r, ' ', "control character in a frame")
			if s.column == s.width { // terminals wrap when more comes, not when the row is full
				s.down()
				s.column = 0
			}
			row := &s.rows[s.row]
			for len(*row) <= s.column {
				*row = append(*row, ' ')
			}
			(*row)[s.column] = r
			s.column++
		}
	}
	return len(p), nil
}

func (s *screen) down() {
	if s.row++; s.row == len(s.rows) {
		s.rows = append(s.rows, nil)
	}
}

func (s *screen) escape(text []rune, i int) int {
	require.Equal(s.t, '[', text[i+1], "only CSI sequences")
	end := i + 2
	for text[end] < '@' {
		end++
	}
	argument := string(text[i+2 : end])
	switch text[end] {
	case 'A':
		n, err := strconv.Atoi(argument)
		require.NoError(s.t, err)
		require.LessOrEqual(s.t, n, s.row, "the cursor leaves the screen")
		s.row -= n
	case 'K':
		require.Empty(s.t, argument)
		row := &s.rows[s.row]
		*row = (*row)[:min(s.column, s.width-1, len(*row))] // of a full row the last sign, as terminals do
	case 'J':
		require.Empty(s.t, argument)
		require.False(s.t, s.row == 0 && s.column == 0, "erased from the first row on, the screen is kept as history")
		s.rows = s.rows[:s.row+1]
		s.rows[s.row] = s.rows[s.row][:min(s.column, len(s.rows[s.row]))]
	case 'm':
	default:
		s.t.Fatalf("escape %q", string(text[i:end+1]))
	}
	return end
}

// resize breaks rows that are too long, as terminals do.
func (s *screen) resize(width int) {
	var rows [][]rune
	for i, row := range s.rows {
		if i == s.row {
			s.row = len(rows)
		}
		for len(row) > width {
			rows = append(rows, row[:width])
			row = row[width:]
		}
		rows = append(rows, row)
	}
	s.rows, s.width = rows, width
}

func (s *screen) String() string {
	var b strings.Builder
	for _, row := range s.rows {
		b.WriteString(strings.TrimRight(string(row), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
