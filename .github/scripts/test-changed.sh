#!/usr/bin/env bash
# Runs the unit and integration tests of what was changed since BASE: usually the quickest way to a red cross.
# Usage: test-changed.sh BASE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

changed=$(.github/scripts/changed-workspaces.sh "${1:?"Usage: test-changed.sh BASE"}")
for tier in unit int; do
  folders=()
  while IFS= read -r folder; do
    [[ -z $folder || -z $(git ls-files -- "$folder/*.$tier.test.ts") ]] || folders+=("$folder/")
  done <<<"$changed"
  if ((${#folders[@]} > 0)); then npm test -- "$tier" "${folders[@]}"; fi
done
