#!/usr/bin/env bash
# Lints the workflows (actionlint, which runs shellcheck on their steps) and all shell scripts (shellcheck) of the
# repository in the working directory.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$(git rev-parse --show-toplevel)"

if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is not installed (Debian and Ubuntu: apt-get install shellcheck)." >&2
  exit 3
fi
actionlint=$("$scripts/go-tool.sh" actionlint)

code=0
"$actionlint" || code=1

# A tag can be moved to other code, a commit cannot. The comment is the version, for readers and Dependabot.
if grep -nE '^ *(- )?uses:' .github/workflows/*.yml |
  grep -vE 'uses: (\./[^ ]+|[A-Za-z0-9._/-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+)$'; then
  echo 'An action is not pinned: write uses: OWNER/NAME@<40 digits of the commit> # vX.Y.Z' >&2
  code=1
fi

files=$("$scripts/shell-scripts.sh")
mapfile -t files <<<"$files"
# Paths of sourced scripts are relative to the root or to the sourcing script.
shellcheck --external-sources --source-path=. --source-path=SCRIPTDIR "${files[@]}" || code=1
exit "$code"
