package export

import (
	"strings"

	"github.com/wsheal/wsheal/report"
)

// annotationsMost is how many annotations a run makes: GitHub shows ten a step.
const annotationsMost = 5

// Annotations are the commands by which a runner of GitHub Actions shows what is wrong
// with a run at its job and pull request: each broken gate, or why nothing was proven,
// the worst first. Of a run that passed there are none.
func Annotations(s *report.Summary) []string {
	var out []string
	title := annotationTitle.Replace("wsheal: " + limited(s.Run.Scenario, 80) + ": " + visible(string(s.Verdict)))
	for i, r := range s.Reasons {
		if i == annotationsMost {
			break
		}
		out = append(out, "::error title="+title+"::"+annotationText.Replace(limited(r, 400)))
	}
	return out
}

var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationTitle = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
