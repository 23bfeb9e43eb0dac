# SSH connection of deploy.sh, rollback.sh and status.sh. Sourced by bash.
# shellcheck shell=bash

# shellcheck disable=SC2034
readonly remote_home=${DEPLOY_HOME:-/opt/orders}
readonly known_hosts=${SSH_KNOWN_HOSTS:-$(dirname "${BASH_SOURCE[0]}")/known_hosts}

connection_help() {
  cat <<'HELP'
HOST is a destination of ssh: deploy@203.0.113.7. Its host key must be in the file of known hosts.

  SSH_KNOWN_HOSTS   file with the host's key (default: deploy/ec2/known_hosts; see README.md)
  SSH_KEY           file with the private key (default: the default keys of ssh)
  SSH_PORT          port (default: 22)
  DEPLOY_HOME       folder on the host (default: /opt/orders)
HELP
}

fail() {
  echo "Error: $*" >&2
  exit 1
}

# A pipeline has no terminal for questions, and a host key must not be accepted on the first connection.
ssh_options=(
  -o BatchMode=yes -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$known_hosts" -o GlobalKnownHostsFile=/dev/null
  -o UpdateHostKeys=no -o ConnectTimeout=10 -o ServerAliveInterval=15 -o LogLevel=ERROR -p "${SSH_PORT:-22}"
)
[[ -z ${SSH_KEY:-} ]] || ssh_options+=(-i "$SSH_KEY" -o IdentitiesOnly=yes)

# on_host HOST COMMAND: returns the exit code of the command; 255 and a message without a connection.
on_host() {
  local host=$1 code=0
  # The parts of the command were validated or quoted with %q.
  # shellcheck disable=SC2029
  ssh "${ssh_options[@]}" "$host" "$2" || code=$?
  if ((code == 255)); then
    echo "Error: No connection to $host. If its key differs from the one in $known_hosts, find out why before you change the" \
      "file: it may be a man-in-the-middle attack." >&2
  fi
  return "$code"
}

require_known_hosts() {
  [[ -s $known_hosts ]] || fail "$known_hosts does not exist: the host's key has to be known before the first connection" \
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

# installed HOST COMMAND: runs a command of the current release of the host.
installed() {
  local script=$remote_home/current/deploy/ec2/host.sh command
  printf -v command 'test -e %q || { echo "Error: no version is deployed to this host." >&2; exit 1; }; bash %q %s' \
    "$script" "$script" "$2"
  on_host "$1" "$command" || exit 1
}
