#!/usr/bin/env bash
# Searches all commits and the staged changes of the repository in the working directory for secrets. .gitleaks.toml lists
# exceptions.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$(git rev-parse --show-toplevel)"

gitleaks=$("$scripts/go-tool.sh" gitleaks)
code=0
# Findings are redacted, because the log is public.
"$gitleaks" git --no-banner --no-color --verbose --redact || code=1
"$gitleaks" git --no-banner --no-color --verbose --redact --pre-commit --staged || code=1
if ((code != 0)); then
  echo 'A pushed secret is compromised: replace it first. Add a false positive to .gitleaks.toml.' >&2
fi
exit "$code"
