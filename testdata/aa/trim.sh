#!/usr/bin/env bash
# Trims the journals that record.sh left in DIR to what recovery and storm are computed from,
# and packs them: default.ndjson.gz (arm a), slower.ndjson.gz (b) and again.ndjson.gz (c), each
# one journal after the other, beside this script. Needs jq.
#
#   testdata/aa/trim.sh DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?expected the directory that record.sh filled}
pack() {
	for run in "$dir/$1"-[0-9]*; do
		jq -c 'select(has("harness") or has("wire") or has("target") | not) |
			if .step then .step |= ({c, gen, ev, from, to, cause, do: ((.do // []) | map(select(.a == "dial") | {a, gen}))} |
				with_entries(select(.value != null and .value != []))) else . end' "$run/journal.ndjson"
	done | gzip -9n >"$here/$2.ndjson.gz"
}
pack a default
pack b slower
pack c again
