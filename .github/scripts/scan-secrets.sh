#!/usr/bin/env bash
# Looks for secrets in all commits of the repository in the working directory, and in what is staged for the
# next one. .gitleaks.toml says what is none.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$(git rev-parse --show-toplevel)"

gitleaks=$("$scripts/go-tool.sh" gitleaks)
code=0
# What it finds is shown without the secret itself: the log is public.
"$gitleaks" git --no-banner --no-color --verbose --redact || code=1
"$gitleaks" git --no-banner --no-color --verbose --redact --pre-commit --staged || code=1
if ((code != 0)); then
  echo 'Take a secret that was pushed for known: replace it first. What is none belongs into .gitleaks.toml.' >&2
fi
exit "$code"
