# How deploy.sh, rollback.sh and status.sh reach the host. Sourced by bash.
# shellcheck shell=bash

# shellcheck disable=SC2034
readonly remote_home=${DEPLOY_HOME:-/opt/orders}
readonly known_hosts=${SSH_KNOWN_HOSTS:-$(dirname "${BASH_SOURCE[0]}")/known_hosts}

connection_help() {
  cat <<'HELP'
HOST is what ssh takes: deploy@203.0.113.7. Its key must be in the file of known hosts: nothing else is trusted.

  SSH_KNOWN_HOSTS   file with the host's key (default: deploy/ec2/known_hosts; README.md says how to make it)
  SSH_KEY           file with the private key (default: what ssh uses by itself)
  SSH_PORT          port (default: 22)
  DEPLOY_HOME       folder on the host (default: /opt/orders)
HELP
}

fail() {
  echo "Error: $*" >&2
  exit 1
}

# Nobody sits at a terminal in a pipeline, and a key that is learnt at the first connection is not a pinned one.
ssh_options=(
  -o BatchMode=yes -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$known_hosts" -o GlobalKnownHostsFile=/dev/null
  -o UpdateHostKeys=no -o ConnectTimeout=10 -o ServerAliveInterval=15 -o LogLevel=ERROR -p "${SSH_PORT:-22}"
)
[[ -z ${SSH_KEY:-} ]] || ssh_options+=(-i "$SSH_KEY" -o IdentitiesOnly=yes)

# on_host HOST COMMAND: its exit code is the command's; without a connection 255, and a word on why.
on_host() {
  local host=$1 code=0
  # The command is put together here, of parts that were checked or quoted by %q.
  # shellcheck disable=SC2029
  ssh "${ssh_options[@]}" "$host" "$2" || code=$?
  if ((code == 255)); then
    echo "Error: No connection to $host. If its key is not the one in $known_hosts, find out why before you change that" \
      "file: somebody may be in between." >&2
  fi
  return "$code"
}

require_known_hosts() {
  [[ -s $known_hosts ]] || fail "There is no $known_hosts: the host's key has to be known before the first connection" \
    "(deploy/ec2/README.md, \"The host's key\")."
}

# take_host ARGUMENT…: of a script that takes a host and nothing else; `usage` prints its help.
take_host() {
  if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    usage
    exit
  fi
  [[ $# == 1 ]] || { usage >&2; exit 2; }
  require_known_hosts
}

# installed HOST COMMAND: has the present release of the host do it.
installed() {
  local script=$remote_home/current/deploy/ec2/host.sh command
  printf -v command 'test -e %q || { echo "Error: nothing was ever deployed to this host." >&2; exit 1; }; bash %q %s' \
    "$script" "$script" "$2"
  on_host "$1" "$command" || exit 1
}
