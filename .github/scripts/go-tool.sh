#!/usr/bin/env bash
# Prints the path of a tool in its exact version. On the first call, Go builds it from its module and verifies the checksum
# with the public database.
# Usage: go-tool.sh actionlint | gitleaks
# Exit code 3: the tool is not available, because Go is missing or the module proxy is unreachable.
set -euo pipefail

case ${1:-} in
  actionlint) module=github.com/rhysd/actionlint/cmd/actionlint version=v1.7.12 ;;
  gitleaks) module=github.com/zricethezav/gitleaks/v8 version=v8.30.1 ;;
  *)
    echo 'Usage: go-tool.sh actionlint | gitleaks' >&2
    exit 2
    ;;
esac

cache=${XDG_CACHE_HOME:-$HOME/.cache}/idempotent-orders
tool=$cache/$1-$version
if [[ ! -x $tool ]]; then
  if ! command -v go >/dev/null; then
    echo "$1 is built by Go: install it (https://go.dev/doc/install)." >&2
    exit 3
  fi
  mkdir -p "$cache"
  built=$(mktemp -d "$cache/building.XXXXXX")
  trap 'rm -rf "$built"' EXIT
  # Not in the working directory, which may be a Go module with another toolchain.
  if ! (cd "$built" && GOBIN=$built go install "$module@$version" 2>"$built/log"); then
    cat "$built/log" >&2
    if grep -qE 'dial tcp|no such host|i/o timeout|connection refused|proxyconnect' "$built/log"; then exit 3; fi
    exit 1
  fi
  mv "$built/$1" "$tool"
fi
echo "$tool"
