#!/usr/bin/env bash
# Deploys a version to a host: the configuration of this folder and the images of the tag. host.sh does the work on the
# host.
set -euo pipefail
# shellcheck source=deploy/ec2/ssh.sh
source "$(dirname "${BASH_SOURCE[0]}")/ssh.sh"

usage() {
  cat <<'HELP'
Usage: deploy.sh [--infrastructure] HOST TAG

Pulls the images of TAG, migrates the databases (compatible with the previous version), replaces one process after the other, and
checks the health and canary orders through the gateway. On a failure, the host returns to the previous version.

  --infrastructure  also replace databases, broker and Kong if their definition has changed: a short interruption

  DOCKERHUB_USER    owner of the images: $DOCKERHUB_USER/order-service:TAG (or REGISTRY:PORT/NAME)
  DOCKERHUB_TOKEN   token for the login to the registry; without it the images must be public
  REGISTRY_USER     user for the login (default: DOCKERHUB_USER)

HELP
  connection_help
}

infrastructure=
while [[ ${1:-} == -* ]]; do
  case $1 in
    --infrastructure) infrastructure=--infrastructure ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done
[[ $# == 2 ]] || { usage >&2; exit 2; }
host=$1 tag=$2

[[ -n ${DOCKERHUB_USER:-} ]] || fail "DOCKERHUB_USER is not set: whose images?"
[[ $DOCKERHUB_USER =~ ^[a-z0-9][a-z0-9._:/-]*$ ]] || fail "DOCKERHUB_USER is not a valid repository name: $DOCKERHUB_USER"
[[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || fail "Not a valid tag: $tag"
[[ $tag != latest ]] || fail "latest is not a version, and a rollback needs one."
require_known_hosts

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
release=$remote_home/releases/$(date -u +%Y%m%dT%H%M%S)-$tag
parts=(docker-compose.prod.yml kong deploy)
[[ ! -d $repository/monitoring ]] || parts+=(monitoring)

echo "Copying the configuration of $tag to $host"
printf -v unpack 'umask 022 && mkdir -p %q && tar -C %q -xz && chmod -R a+rX %q && printf "DOCKERHUB_USER=%%s\\nTAG=%%s\\nRELEASE=%%s\\n" %q %q %q >%q' \
  "$release" "$release" "$release" "$DOCKERHUB_USER" "$tag" "$release" "$release/release.env"
tar -C "$repository" --exclude=known_hosts --exclude='*.test.ts' -cz "${parts[@]}" | on_host "$host" "$unpack" || {
  (($? == 255)) || fail "The configuration could not be copied to $host:$release."
  exit 1
}

# By standard input, because arguments are visible to all users of the host.
printf -v deploy 'bash %q deploy %s' "$release/deploy/ec2/host.sh" "$infrastructure"
printf '%s\n%s\n' "${REGISTRY_USER:-${DOCKERHUB_USER##*/}}" "${DOCKERHUB_TOKEN:-}" | on_host "$host" "$deploy" || exit 1
