#!/usr/bin/env bash
# Prints the top-level folders with tests (workspaces, kong, …) that have changed since the merge base of HEAD and BASE, one
# per line. Other changes affect everything, which is tested anyway. Without BASE (the first push of a branch, a force push)
# the list is empty.
# Usage: changed-workspaces.sh BASE
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

base=${1:?"Usage: changed-workspaces.sh BASE"}
if ! git merge-base "$base" HEAD >/dev/null 2>&1; then
  echo "$base is not part of this history: no workspace is tested first." >&2
  exit
fi
# Without rename detection, because a moved file changes both folders.
git diff --name-only --no-renames "$base...HEAD" | sed -n 's|/.*||p' | sort -u | while IFS= read -r folder; do
  [[ -z $(git ls-files -- "$folder/*.test.ts") ]] || echo "$folder"
done
