package report

import "strings"

// Markdown is text from outside as Markdown shows it as it is: no markup, and no HTML. What
// cannot be seen, and what would begin a new line, has to be gone before (Style.Printable).
func Markdown(text string) string { return special.Replace(text) }

// special is what Markdown, and HTML inside it, give a meaning to. An @ is followed by a
// sign without width, for GitHub looks for names of users after all escapes are gone.
var special = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`, `(`, `\(`, `)`, `\)`,
	`#`, `\#`, `+`, `\+`, `!`, `\!`, `|`, `\|`, `~`, `\~`, `<`, `\<`, `>`, `\>`, `&`, `\&`, `$`, `\$`, `::`, `\:\:`, `://`, `\://`, `@`, "@\u200b",
)
