#!/usr/bin/env bash
# Shows the running version of a host and its health.
set -euo pipefail
# shellcheck source=deploy/ec2/ssh.sh
source "$(dirname "${BASH_SOURCE[0]}")/ssh.sh"

usage() {
  cat <<'HELP'
Usage: status.sh HOST

Shows the versions, the containers, the health through the gateway, the expiry of the certificate, and free disk space. Exits
with 0 if everything is healthy.

HELP
  connection_help
}

take_host "$@"
installed "$1" status
