#!/usr/bin/env bash
# Records the runs of README.md: RUNS (120) of the policy as it stands (a), as many of one
# whose spread is 30 % longer (b), and of the first again (c), in a random order that is the
# same every time, JOBS (3) at a time. Run i of each arm has seed i.
#
#   testdata/aa/record.sh DIR    leaves DIR/a-001 …, DIR/b-001 … and DIR/c-001 …
#
# WSHEAL is the command to record with; without it the one of this checkout is built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?expected a directory for the runs}
runs=${RUNS:-120}
jobs=${JOBS:-3}
mkdir -p "$dir/logs"
if [ -z "${WSHEAL:-}" ]; then
	WSHEAL=$dir/wsheal
	(cd "$here/../.." && go build -o "$WSHEAL" ./cmd/wsheal)
fi

# A run that the machine was too busy for is recorded again, twice at most.
one() {
	local arm=$1 i=$2 spread=800ms out code
	[ "$arm" = b ] && spread=1040ms
	out=$(printf '%s/%s-%03d' "$dir" "$arm" "$i")
	[ -e "$out" ] && return
	for _ in 1 2 3; do
		rm -rf "$out"
		code=0
		"$WSHEAL" run "$here/scenario.yaml" --quiet --out "$out" --set seed="$i" \
			--set clients.policy.first.spread="$spread" >"$dir/logs/${out##*/}.txt" 2>&1 || code=$?
		[ "$code" = 75 ] || break
	done
	case $code in 0 | 75 | 99) ;; *) return "$code" ;; esac # every verdict is data
}
export -f one
export here dir WSHEAL

for arm in a b c; do for i in $(seq "$runs"); do echo "$arm $i"; done; done |
	shuf --random-source=<(yes) |
	xargs -P "$jobs" -n 2 bash -c 'one "$@"' one
