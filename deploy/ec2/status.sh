#!/usr/bin/env bash
# Says what runs on a host, and how it is.
set -euo pipefail
# shellcheck source=deploy/ec2/ssh.sh
source "$(dirname "${BASH_SOURCE[0]}")/ssh.sh"

usage() {
  cat <<'HELP'
Usage: status.sh HOST

The versions, the containers, health through the gateway, the certificate's end, and room on the disk. Exit code 0 when
all of it is well.

HELP
  connection_help
}

take_host "$@"
installed "$1" status
