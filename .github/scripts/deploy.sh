#!/usr/bin/env bash
# Runs a script of deploy/ec2 with the secrets of the environment `production`, which are in files while it runs.
# Usage: deploy.sh deploy [--infrastructure] TAG | rollback | status
# EC2_HOST (deploy@203.0.113.7), EC2_SSH_KEY, EC2_KNOWN_HOSTS; for deploy also DOCKERHUB_USER and DOCKERHUB_TOKEN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  echo 'Usage: deploy.sh deploy [--infrastructure] TAG | rollback | status' >&2
  exit 2
}
action=${1:-}
case $action in
  deploy) needed=(EC2_HOST EC2_SSH_KEY EC2_KNOWN_HOSTS DOCKERHUB_USER DOCKERHUB_TOKEN) ;;
  rollback | status) needed=(EC2_HOST EC2_SSH_KEY EC2_KNOWN_HOSTS) ;;
  *) usage ;;
esac
shift
missing=()
for name in "${needed[@]}"; do [[ -n ${!name:-} ]] || missing+=("$name"); done
if ((${#missing[@]} > 0)); then
  echo "Not set: ${missing[*]}. See .github/workflows/README.md, \"What to set up\"." >&2
  exit 1
fi

umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# ssh needs a newline after the last line, which is easily lost in a secret.
printf '%s\n' "$EC2_SSH_KEY" >"$folder/key"
printf '%s\n' "$EC2_KNOWN_HOSTS" >"$folder/known_hosts"
# For an incomplete key, ssh itself reports only "error in libcrypto".
ssh-keygen -y -P '' -f "$folder/key" >/dev/null 2>&1 || {
  echo 'EC2_SSH_KEY is not a private key without a passphrase.' >&2
  exit 1
}
export SSH_KEY=$folder/key SSH_KNOWN_HOSTS=$folder/known_hosts
unset EC2_SSH_KEY EC2_KNOWN_HOSTS

options=()
while [[ ${1:-} == --* ]]; do
  options+=("$1")
  shift
done
"deploy/ec2/$action.sh" "${options[@]}" "$EC2_HOST" "$@"
