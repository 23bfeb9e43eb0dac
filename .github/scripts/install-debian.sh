#!/usr/bin/env bash
# Installs packages of Debian or Ubuntu without starting their services, because the tests start their own.
# Usage: install-debian.sh PACKAGE…
set -euo pipefail
(($# > 0)) || { echo 'Usage: install-debian.sh PACKAGE…' >&2; exit 2; }

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
fi
as_root apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
