#!/usr/bin/env bash
# Returns a host to the previous version, one process after the other.
set -euo pipefail
# shellcheck source=deploy/ec2/ssh.sh
source "$(dirname "${BASH_SOURCE[0]}")/ssh.sh"

usage() {
  cat <<'HELP'
Usage: rollback.sh HOST

Returns to the previous version with its configuration. Databases keep their schema, which is compatible with it. A second call
returns to the newer version.

HELP
  connection_help
}

take_host "$@"
installed "$1" rollback
