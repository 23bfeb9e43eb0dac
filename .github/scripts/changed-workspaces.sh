#!/usr/bin/env bash
# Prints the folders at the root that have tests and were changed since HEAD left BASE, one to a line: workspaces, kong, …
# What is changed elsewhere concerns everything, which is tested anyway. Without BASE (the first push of a branch, a
# history that was replaced) nothing is known to have changed.
# Usage: changed-workspaces.sh BASE
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

base=${1:?"Usage: changed-workspaces.sh BASE"}
if ! git merge-base "$base" HEAD >/dev/null 2>&1; then
  echo "$base is not part of this history: no workspace goes first." >&2
  exit
fi
# Without renames: a file that moved has left a folder too.
git diff --name-only --no-renames "$base...HEAD" | sed -n 's|/.*||p' | sort -u | while IFS= read -r folder; do
  [[ -z $(git ls-files -- "$folder/*.test.ts") ]] || echo "$folder"
done
