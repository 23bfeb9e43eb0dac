#!/usr/bin/env bash
# Creates, checks and rotates the secrets of a host: one file each, which Compose mounts at /run/secrets.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: secrets.sh create [DIR]          create missing secrets; existing ones are not changed
       secrets.sh adopt [DIR]           copy secrets of an earlier version of the system to their new names
       secrets.sh check [DIR]           fail if secrets are missing, weak, or equal to one another
       secrets.sh rotate TOKEN [DIR]    create a new TOKEN; the services also accept the previous one
       secrets.sh retire TOKEN [DIR]    no longer accept the previous one
       secrets.sh set SETTING [DIR]     store what is written on the standard input; nothing unsets it

TOKEN is gateway_token, gateway_keyless_token, what one service sends to another (order_to_inventory_token), or the key of one service
(account_master_key: account-service/README.md, "The master key"). SETTING is smtp_url, the mail server with its password. DIR is /opt/orders/secrets unless given. The services read their tokens when they start: after `rotate` and after `retire`, run `host.sh restart`
(deploy/ec2/README.md, "Rotating a token").
HELP
}

# [services.ts: services] written by `npm run services`
services=(notification account order inventory)
declare -A databases=([notification]=notifications [account]=accounts [order]=orders [inventory]=inventory)
readonly call_tokens=(notification_to_account_token account_to_order_token order_to_inventory_token)
readonly service_keys=(account_master_key)
readonly given=(smtp_url)
# [end]

readonly tokens=(gateway_token gateway_keyless_token "${call_tokens[@]}" "${service_keys[@]}")
random=(
  "${tokens[@]}"
  kong_db_password rabbitmq_password storefront_key other_storefront_key backoffice_key operations_key grafana_password
)
derived=(rabbitmq_url rabbitmq.conf)
for service in "${services[@]}"; do
  random+=("${service}_db_password" "${service}_service_password")
  derived+=("${service}_database_owner_url" "${service}_database_url")
done
readonly random derived

fail() {
  echo "secrets.sh: $*" >&2
  exit 1
}

# 256 bits in hex, which need no quoting in URLs, SQL, configuration files and decK's templates.
new_secret() { od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# The files are readable, because containers read them as other users; the folder is not. They are renamed into place, so a
# running container keeps the file with which it was started.
put() {
  local new="$dir/.$1.new"
  cat >"$new"
  chmod 0444 "$new"
  mv -f "$new" "$dir/$1"
}

value() { cat "$dir/$1"; }

create() {
  umask 077
  mkdir -p "$dir"
  chmod 0700 "$dir"
  adopt
  local name made=0
  for name in "${random[@]}"; do
    [[ -s $dir/$name ]] && continue
    new_secret | put "$name"
    made=$((made + 1))
  done
  # Equal to the token itself, so that no other value is accepted before a rotation.
  for name in "${tokens[@]}"; do
    [[ -s $dir/${name}_previous ]] || value "$name" | put "${name}_previous"
  done
  derive
  echo "$made secrets made, $((${#random[@]} - made)) kept, in $dir"
}

# Earlier versions had one token for all services. Its value is kept until the first rotation, so that processes of both
# versions send and accept the same one. The previous file is kept for the previous version.
adopt() {
  local suffix
  for suffix in '' _previous; do
    [[ -s $dir/order_to_inventory_token$suffix || ! -s $dir/internal_token$suffix ]] ||
      value "internal_token$suffix" | put "order_to_inventory_token$suffix"
  done
  # What operators give was a variable in host.env, which this script gets. Without one the file is empty.
  local name variable
  for name in "${given[@]}"; do
    variable=${name^^}
    [[ -e $dir/$name ]] || printf '%s' "${!variable:-}" | put "$name"
  done
  # Routes without a key had the token of all routes.
  if [[ -s $dir/gateway_token && ! -s $dir/gateway_keyless_token ]]; then
    new_secret | put gateway_keyless_token
    value gateway_keyless_token | put gateway_keyless_token_previous
  fi
}

derive() {
  local service
  for service in "${services[@]}"; do
    database_url "$service" owner "${service}_db_password" | put "${service}_database_owner_url"
    database_url "$service" service "${service}_service_password" | put "${service}_database_url"
  done
  printf 'amqp://orders:%s@rabbitmq:5672/orders' "$(value rabbitmq_password)" | put rabbitmq_url
  # The official image does not accept passwords from files. RabbitMQ reads this file at its first start.
  printf 'default_user = orders\ndefault_pass = %s\ndefault_vhost = orders\nlog.console = true\n' \
    "$(value rabbitmq_password)" | put rabbitmq.conf
}

# database_url SERVICE ROLE PASSWORD
database_url() { printf 'postgres://%s_%s:%s@%s-db:5432/%s' "$1" "$2" "$(value "$3")" "$1" "${databases[$1]}"; }

# former_name SECRET: what an earlier version had in its place.
former_name() {
  case $1 in
    order_to_inventory_token*) echo "${1/#order_to_inventory_token/internal_token}" ;;
    gateway_keyless_token*) echo "${1/#gateway_keyless_token/gateway_token}" ;;
    *) echo "$1" ;;
  esac
}

# Prints one line per fault.
faults() {
  local name file text
  for name in "${random[@]}" "${tokens[@]/%/_previous}"; do
    file=$dir/$name
    # Compose may run the check in a container of an earlier version, which has only the secrets of that version.
    [[ -e $file ]] || file=$dir/$(former_name "$name")
    text=$(cat "$file" 2>/dev/null) || true
    if [[ -z $text ]]; then
      echo "$name is missing"
    elif [[ ! $text =~ ^[A-Za-z0-9_-]{32,}$ ]]; then
      echo "$name is weak or unusable: it must have at least 32 characters of A-Z a-z 0-9 _ -"
    elif [[ $text =~ [Dd]evelop|[Ee]xample|[Cc]hange|[Pp]assword|[Ss]ecret ]] ||
      (($(fold -w1 <<<"$text" | sort -u | wc -l) < 8)); then
      echo "$name is a development value or easy to guess"
    fi
  done
  for name in "${derived[@]}"; do
    [[ -s $dir/$name ]] || echo "$name is missing"
  done
  for name in "${random[@]}"; do
    [[ -s $dir/$name ]] && echo "$(value "$name") $name"
  done | sort | awk '$1 == last { print $2 " is the same as " name } { last = $1; name = $2 }'
}

check() {
  local found
  found=$(faults)
  [[ -z $found ]] && return
  echo "The secrets in $dir are not suitable for production:" >&2
  printf '%s\n' "$found" | while IFS= read -r line; do echo "  $line" >&2; done
  echo "Remove these files and run: secrets.sh create $dir" >&2
  exit 1
}

rotate() {
  # A second rotation without `retire` would invalidate the first value while it is still in use.
  [[ $(value "$1") == "$(value "$1_previous")" ]] || fail "the rotation of $1 is not complete; complete it with: retire $1"
  value "$1" | put "$1_previous"
  new_secret | put "$1"
  echo "$1 is new; the previous one is also accepted. Next: host.sh restart, then: secrets.sh retire $1"
}

# From the standard input: other users of the host see the arguments of processes.
set_given() {
  put "$1"
  echo "$1 is stored. Next: host.sh restart"
}

retire() {
  value "$1" | put "$1_previous"
  echo "Only the new $1 will be accepted after: host.sh restart"
}

command=${1:-}
case $command in
  create | adopt | check) dir=${2:-/opt/orders/secrets} ;;
  rotate | retire)
    [[ " ${tokens[*]} " == *" ${2:-} "* ]] || fail "$command takes one of: ${tokens[*]}"
    dir=${3:-/opt/orders/secrets}
    [[ -s $dir/$2 && -s $dir/$2_previous ]] || fail "there is no $2 in $dir; run: secrets.sh create $dir"
    ;;
  set)
    [[ " ${given[*]} " == *" ${2:-} "* ]] || fail "set takes one of: ${given[*]}"
    dir=${3:-/opt/orders/secrets}
    [[ -d $dir ]] || fail "there is no $dir; run: secrets.sh create $dir"
    command=set_given
    ;;
  -h | --help | help)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
"$command" "${@:2:1}"
