#!/usr/bin/env bash
# Starts the system behind the real Kong, and fails when a second sync of kong.yml would change anything: then Kong does not
# hold what the file says, or the file says it in a form that Kong changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

compose=(docker compose --project-name gateway-diff --env-file .env.example)
trap '"${compose[@]}" --profile "*" down --volumes' EXIT
"${compose[@]}" up --build --wait
"${compose[@]}" run --rm deck-diff
