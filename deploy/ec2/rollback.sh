#!/usr/bin/env bash
# Brings a host back to the version before the present one, process by process.
set -euo pipefail
# shellcheck source=deploy/ec2/ssh.sh
source "$(dirname "${BASH_SOURCE[0]}")/ssh.sh"

usage() {
  cat <<'HELP'
Usage: rollback.sh HOST

The version before the present one comes back, with its configuration; databases keep their schema, which the former
version can live with. Called again, it returns to the newer one.

HELP
  connection_help
}

take_host "$@"
installed "$1" rollback
