#!/usr/bin/env bash
# The part of a deploy that runs on the host. It is in /opt/orders/releases/<release>/deploy/ec2 and works with that
# release. The permanent files are in /opt/orders: host.env, secrets/, tls/, the configuration in use, and the links current
# and previous.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: host.sh deploy [--infrastructure]   switch to this release, and back if that fails (called by deploy.sh)
       host.sh rollback                    return to the previous release (called by rollback.sh)
       host.sh status                      show the running version and its health (called by status.sh)
       host.sh restart                     restart all processes, one after the other, after a change of secrets
       host.sh certificate FULLCHAIN KEY   install a new certificate without an interruption
       host.sh clients COMMAND             list, add, rotate, retire or remove clients of the API (docs/clients.md)
       host.sh compose ARGUMENTS           Docker Compose on this release: ps, logs, exec, …
HELP
}

case ${1:-} in
  -h | --help)
    usage
    exit
    ;;
  '')
    usage >&2
    exit 2
    ;;
esac

release=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
home=$(dirname "$(dirname "$release")")
readonly release home
readonly name=${release##*/}
# [services.ts: services] written by `npm run services`
readonly services=(notification account order inventory)
readonly images=(notification-service account-service order-service inventory-service web)
readonly paths=(notifications accounts orders inventory)
readonly replicas=(inventory-service-1 inventory-service-2 order-service-1 order-service-2 account-service-1 account-service-2 notification-service-1 notification-service-2 web-1 web-2)
# [end]

# If the connection is lost, the deploy continues and writes to the log.
trap '' HUP PIPE
log=/dev/null
say() {
  echo "$*" 2>/dev/null || true
  echo "$(date -u +%FT%TZ) $*" >>"$log"
}
fail() {
  say "Error: $*"
  exit 1
}

[[ -f $home/host.env ]] || fail "$home/host.env does not exist: run bootstrap.sh on this host first."
# Exported, because Compose reads its own settings only from the environment.
set -a
# shellcheck source=/dev/null
source "$home/host.env"
set +a
# shellcheck source=/dev/null
source "$release/release.env"
readonly project=${COMPOSE_PROJECT_NAME:-orders}
# When called by root (as by the certificate's hook), it must leave no file that the folder's owner cannot read.
HOST_USER=$(stat -c %u:%g "$home")
export HOST_USER

compose() {
  local files=(-f "$release/docker-compose.prod.yml")
  # Settings for this host, if any.
  [[ ! -f $home/override.yml ]] || files+=(-f "$home/override.yml")
  docker compose -p "$project" --project-directory "$home" --env-file "$home/host.env" \
    --env-file "$release/release.env" "${files[@]}" "$@"
}

# try MESSAGE COMMAND…: logs the output of the command; on a failure, prints the message and the last lines.
try() {
  local what=$1 output
  shift
  output=$(mktemp)
  if "$@" >"$output" 2>&1 </dev/null; then
    cat "$output" >>"$log"
    rm "$output"
    return
  fi
  cat "$output" >>"$log"
  local last
  last=$(grep -v '^[[:space:]]*$' "$output" | tail -n 8 | sed 's/^/  /') || true
  rm "$output"
  fail "$what"$'\n'"$last"
}

lock() {
  exec 9>>"$home/deploy.lock"
  flock --nonblock 9 || fail "Another deploy holds the lock ($(cat "$home/deploy.lock")). Wait until it has ended."
  echo "$1 of $name, process $$, since $(date -u +%FT%TZ)" >"$home/deploy.lock"
  mkdir -p "$home/logs"
  log=$home/logs/$(date -u +%Y%m%dT%H%M%S)-$1-$name.log
}

# --- checks before any change

check_certificate() {
  local chain=$1 key=$2
  [[ -s $chain && -s $key ]] || fail "No certificate: $chain and $key are needed (README.md, \"The certificate\")."
  openssl x509 -checkend 0 -noout -in "$chain" >/dev/null || fail "The certificate $chain has expired."
  [[ $(openssl x509 -pubkey -noout -in "$chain") == $(openssl pkey -pubout -in "$key" 2>/dev/null) ]] ||
    fail "$key is not the key of the certificate $chain."
}

check_host() {
  [[ ${GATEWAY_URL:-}${DOMAIN:-} ]] || fail "DOMAIN, the host name for clients, is not set in $home/host.env."
  # Over plain HTTP, the cookies of people have no prefix that protects them.
  [[ ${PUBLIC_URL:-https:} == https:* ]] || fail "PUBLIC_URL in $home/host.env does not begin with https://."
  bash "$release/deploy/ec2/secrets.sh" adopt "$home/secrets"
  bash "$release/deploy/ec2/secrets.sh" check "$home/secrets" 2>&1 || fail "Nothing was changed."
  check_certificate "$home/tls/fullchain.pem" "$home/tls/privkey.pem"
  docker info >/dev/null 2>&1 || fail "The Docker engine does not respond."
  local free
  free=$(($(df --output=avail -k "$home" | tail -n 1) / 1024))
  ((free >= ${MIN_FREE_MB:-3000})) ||
    fail "The disk is too full: $free MB are free, a deploy takes ${MIN_FREE_MB:-3000} (host.env: MIN_FREE_MB). See: docker system df"
  try "The Compose file is not valid with the settings of this host; nothing was changed." compose config --quiet
  running kong || check_ports
}

check_ports() {
  local port
  for port in "${HTTP_PORT:-80}" "${HTTPS_PORT:-443}"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      fail "Port $port is in use by another program. Stop it (ss -ltnp shows it); nothing was changed."
    fi
  done
}

running() { [[ $(compose ps --quiet --status running "$1" 2>/dev/null) ]]; }

# --- images

# The login is stored in memory and removed by this function, or at the end of the deploy (clean_up).
pull_images() {
  local user=$1 token=$2 first=${DOCKERHUB_USER%%/*} registry='' image
  [[ $DOCKERHUB_USER != */* || $first != *[.:]* ]] || registry=$first
  login=$(mktemp -d -p /dev/shm)
  if [[ $token ]]; then
    printf '%s' "$token" | try_stdin "The registry refuses the login as $user. Is its token still valid? Nothing was changed." \
      docker --config "$login" login --username "$user" --password-stdin ${registry:+"$registry"}
  fi
  for image in "${images[@]}"; do
    image=$DOCKERHUB_USER/$image:$TAG
    try "$image cannot be pulled: was it ever pushed, and may $user read it? Nothing was changed." \
      docker --config "$login" pull --quiet "$image"
  done
  # All other images have exact versions.
  for image in $(compose config --images | sort -u); do
    docker image inspect "$image" >/dev/null 2>&1 ||
      try "$image cannot be pulled. Nothing was changed." docker --config "$login" pull --quiet "$image"
  done
  rm -rf "$login"
}

try_stdin() {
  local what=$1 output
  shift
  output=$("$@" 2>&1) || fail "$what"$'\n'"  $(tail -n 1 <<<"$output")"
}

# --- infrastructure

start_infrastructure() {
  local recreate=--no-recreate
  [[ $1 != --infrastructure ]] || recreate=
  # Mounted into containers that start now; running ones keep the previous configuration until the switch.
  [[ -d $home/deploy ]] || put_configuration
  say "Databases and broker"
  # shellcheck disable=SC2086
  try "The infrastructure does not become healthy; the services were not changed. The log: $log" \
    compose up --detach $recreate --wait --wait-timeout 300 "${services[@]/%/-db}" rabbitmq
  [[ $1 == --infrastructure ]] || note_changed "${services[@]/%/-db}" rabbitmq kong
}

# Compose labels each container with the hash of its definition.
note_changed() {
  local service container
  for service in "$@"; do
    container=$(compose ps --quiet "$service" 2>/dev/null)
    [[ $container ]] || continue
    [[ $(docker inspect -f '{{index .Config.Labels "com.docker.compose.config-hash"}}' "$container") == \
      $(compose config --hash "$service" | cut -d ' ' -f 2) ]] ||
      say "Note: the definition of $service has changed in this release, but it was not replaced; deploy.sh --infrastructure does it."
  done
}

migrate() {
  local service
  for service in "${services[@]}"; do
    say "Migrating ${service}-db"
    try "The migration of ${service}-db failed: what is not recorded was rolled back, and no process was replaced." \
      compose run --rm --no-deps "${service}-migrate"
  done
}

# --- switching to a release, also for a rollback

put_configuration() {
  local part
  for part in kong deploy monitoring; do
    # Into the existing folder, which is mounted into containers.
    [[ ! -d $release/$part ]] || cp -RT "$release/$part" "$home/$part"
  done
}

# shellcheck disable=SC2016
readonly ask_ready='fetch(`http://127.0.0.1:3000/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))'

# An up-to-date process is kept; any other drains and is replaced.
replace() {
  local service=$1 before deadline
  before=$(compose ps --quiet "$service" 2>/dev/null) || true
  try "$service could not be started." compose up --detach --no-deps "${@:2}" "$service"
  deadline=$((SECONDS + ${READY_SECONDS:-60}))
  until compose exec -T "$service" node -e "$ask_ready" >/dev/null 2>&1 </dev/null; do
    ((SECONDS < deadline)) || fail "$service is not ready after ${READY_SECONDS:-60} s. Its last log lines:
$(compose logs --no-log-prefix --tail 5 "$service" 2>&1 | cut -c 1-300 | sed 's/^/  /')"
    sleep 1
  done
  [[ $before != "$(compose ps --quiet "$service")" ]] || return 0
  say "  $service is $TAG"
  # The next process may be replaced only when Kong uses this one: DNS records are cached for 5 s, and health checks run every second.
  sleep "${READY_PAUSE_SECONDS:-8}"
}

sync_gateway() {
  make_clients_folder
  try "Kong does not become healthy." compose up --detach --no-recreate --wait --wait-timeout 180 kong
  try "Kong's configuration could not be applied." compose run --rm --no-deps kong-sync sync
}

# Calls the gateway from the host, with the public name and certificate.
gateway() {
  local where=(--cacert "$home/tls/fullchain.pem" --connect-to "::127.0.0.1:${HTTPS_PORT:-443}")
  [[ ! ${GATEWAY_URL:-} ]] || where=()
  curl --silent --show-error --max-time 15 "${where[@]}" "${@:2}" "${GATEWAY_URL:-https://$DOMAIN}$1"
}

check_health() {
  local part deadline=$((SECONDS + ${READY_SECONDS:-60})) answer round
  for part in "${paths[@]}"; do
    # More requests than processes, because the gateway uses them in turn.
    for round in 1 2 3 4; do
      until answer=$(gateway "/health/$part" 2>&1) && [[ $answer == *'"status":"ok"'* ]]; do
        ((SECONDS < deadline)) || fail "/health/$part through the gateway: ${answer:-no answer} (try $round)"
        sleep 1
      done
    done
  done
}

# canary_call EXPECTED KEY-FILE IDEMPOTENCY-KEY PATH BODY: sets $answer to the headers and body of the response.
canary_call() {
  local deadline=$((SECONDS + 30)) status
  while true; do
    # The key by standard input, because arguments are visible to all users of the host.
    answer=$(printf 'apikey: %s\n' "$(cat "$home/secrets/$2")" | gateway "$4" --include --header @- \
      --header "Idempotency-Key: $3" --header 'Content-Type: application/json' --data "$5" 2>&1) || true
    status=$(sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$answer" | tail -n 1)
    [[ " $1 " != *" $status "* ]] || return 0
    # Accepted, but its stock is not decided yet: repeat with the same key.
    if [[ $status != 202 ]] || ((SECONDS >= deadline)); then break; fi
    sleep 1
  done
  fail "The canary got ${status:-no status} instead of $1 from $4: $(tail -n 1 <<<"$answer" | cut -c 1-300)"
}

# Places, repeats and cancels orders of one unit of a product that is not for sale.
place_canaries() {
  local run id round answer
  run=canary-$(date -u +%Y%m%dT%H%M%S)-$$
  canary_call '201 409' backoffice_key canary-product /products '{"sku":"CANARY","name":"Canary of deployments, not for sale"}'
  canary_call 200 backoffice_key canary-stock /products/CANARY/adjustments '{"delta":1000,"reason":"canary"}'
  for round in 1 2 3 4; do
    local order='{"customerId":"canary","currency":"EUR","lines":[{"sku":"CANARY","quantity":1}]}'
    canary_call 201 storefront_key "$run-$round" /orders "$order"
    [[ $answer =~ \"id\":\"([0-9a-f-]+)\" ]] || fail "The canary's order has no id."
    id=${BASH_REMATCH[1]}
    canary_call 201 storefront_key "$run-$round" /orders "$order"
    [[ $answer == *"$id"* && ${answer,,} == *'idempotent-replayed: true'* ]] ||
      fail "The canary's order was placed twice under one key."
    canary_call 200 storefront_key "$run-$round-cancel" "/orders/$id/cancellation" '{"reason":"canary"}'
  done
}

# `switch`: switches everything to this release; the exit code is not 0 on a failure.
switch_here() {
  put_configuration
  say "Replacing one process after the other"
  local service
  for service in "${replicas[@]}"; do replace "$service" "$@"; done
  say "Gateway"
  sync_gateway
  try "Backups do not start." compose up --detach --no-deps backup
  if [[ ",${COMPOSE_PROFILES:-}," == *,monitoring,* ]]; then
    # Recreated, because they read their configuration at startup.
    try "Monitoring does not start." compose up --detach --no-deps --force-recreate prometheus alertmanager grafana \
      "${services[@]/%/-db-exporter}" node-exporter blackbox-exporter
  fi
  check_health
  place_canaries
  say "Health and canary orders through the gateway are OK"
}

switch_to() { DEPLOY_LOG=$log bash "$1/deploy/ec2/host.sh" switch; }

link() {
  ln -sfn "$2" "$home/$1.new"
  mv -T "$home/$1.new" "$home/$1"
}

target() { readlink -e "$home/$1" || true; }

# --- commands

# Of a failed deploy, only the log is kept.
login='' discard=yes
clean_up() {
  [[ ! $login ]] || rm -rf "$login"
  [[ ! $discard ]] || rm -rf "$release"
}

deploy() {
  local user token former
  trap clean_up EXIT
  IFS= read -r user || true
  IFS= read -r token || true
  lock deploy
  former=$(target current)
  say "Deploying $TAG${former:+ (now: $(tag_of "$former"))}"
  check_host
  pull_images "$user" "$token"
  start_infrastructure "${1:-}"
  make_clients_folder
  if running kong; then
    try "Kong rejects kong.yml; nothing was changed." compose run --rm --no-deps kong-sync validate
    [[ ${1:-} != --infrastructure ]] || try "Kong does not become healthy." compose up --detach --wait --wait-timeout 180 kong
  fi
  migrate
  discard=
  if switch_to "$release"; then
    [[ ! $former ]] || link previous "$former"
    link current "$release"
    forget_old_releases
    say "$TAG is live."
    return
  fi
  [[ $former ]] || fail "The first deploy failed, so there is no previous version. The log: $log"
  say "Rolling back to $(tag_of "$former")"
  switch_to "$former" ||
    fail "$TAG failed, and so did the rollback to $(tag_of "$former"): immediate action is required. The log: $log"
  discard=yes
  fail "$TAG failed and is not live; $(tag_of "$former") is live again. The log: $log"
}

rollback() {
  local former
  former=$(target previous)
  [[ $former ]] || fail "This host has no release before $TAG."
  lock rollback
  say "Going back from $TAG to $(tag_of "$former")"
  switch_to "$former" || fail "The rollback to $(tag_of "$former") failed. The log: $log"
  link previous "$release"
  link current "$former"
  say "$(tag_of "$former") is live."
}

restart() {
  lock restart
  bash "$release/deploy/ec2/secrets.sh" check "$home/secrets" || fail "Nothing was changed."
  switch_here --force-recreate
}

clients() {
  lock clients
  make_clients_folder
  compose run --rm --no-deps -T clients "$@"
  case ${1:-} in
    add | rotate | retire | remove)
      sync_gateway
      echo "The change is in effect." >&2
      ;;
  esac
}

# Otherwise Docker would create it, owned by root.
make_clients_folder() { install -d -m 0700 -o "${HOST_USER%:*}" -g "${HOST_USER#*:}" "$home/clients"; }

certificate() {
  [[ $# == 2 ]] || { usage >&2; exit 2; }
  check_certificate "$1" "$2"
  install -m 0444 "$1" "$home/tls/fullchain.pem.new"
  install -m 0444 "$2" "$home/tls/privkey.pem.new"
  mv "$home/tls/fullchain.pem.new" "$home/tls/fullchain.pem"
  mv "$home/tls/privkey.pem.new" "$home/tls/privkey.pem"
  # nginx's signal to reload its files; connections are kept.
  ! running kong || compose kill --signal HUP kong
  say "The certificate was installed; it expires $(openssl x509 -enddate -noout -in "$home/tls/fullchain.pem" | cut -d = -f 2)."
}

status() {
  local former part answer well=0
  former=$(target previous)
  say "Version    $TAG${former:+ (before: $(tag_of "$former"))}"
  flock --nonblock --shared "$home/deploy.lock" true || say "Lock       $(cat "$home/deploy.lock")"
  compose ps --all --format 'table {{.Service}}\t{{.Image}}\t{{.Status}}'
  for part in "${paths[@]}"; do
    answer=$(gateway "/health/$part" 2>&1) || true
    [[ $answer == *'"status":"ok"'* ]] || well=1
    say "Health     $part: ${answer:-no answer}"
  done
  say "Certificate until $(openssl x509 -enddate -noout -in "$home/tls/fullchain.pem" | cut -d = -f 2)"
  say "Disk       $(df --output=avail -h "$home" | tail -n 1 | tr -d ' ') free"
  return "$well"
}

tag_of() { sed -n 's/^TAG=//p' "$1/release.env"; }

# The five newest releases are kept with their images, for rollbacks.
forget_old_releases() {
  local old image
  for old in $(find "$home/releases" -mindepth 1 -maxdepth 1 -type d | sort -r | tail -n +6); do
    [[ $old != "$(target current)" && $old != "$(target previous)" ]] || continue
    for image in "${images[@]}"; do
      docker image rm "$DOCKERHUB_USER/$image:$(tag_of "$old")" >>"$log" 2>&1 || true
    done
    rm -rf "$old"
  done
}

case ${1:-} in
  deploy | rollback | status | restart | certificate | clients | compose) "$@" ;;
  switch)
    # Called by deploy and rollback, which hold the lock.
    log=${DEPLOY_LOG:-/dev/null}
    switch_here
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
