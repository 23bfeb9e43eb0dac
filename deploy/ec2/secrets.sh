#!/usr/bin/env bash
# Makes, checks and rotates the secrets of a host: one file each, which Compose mounts at /run/secrets.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: secrets.sh create [DIR]          make what is missing; what exists stays as it is
       secrets.sh adopt [DIR]           keep what an earlier version of the system had under another name
       secrets.sh check [DIR]           refuse secrets that are missing, weak, or equal to one another
       secrets.sh rotate TOKEN [DIR]    a new TOKEN; the services go on accepting the one that it replaces
       secrets.sh retire TOKEN [DIR]    end the acceptance of the one that was replaced

TOKEN is gateway_token, what one service sends to another (order_to_inventory_token), or the key of one service
(account_master_key: account-service/README.md, "The master key"). DIR is /opt/orders/secrets unless given. The services read their tokens when they start: after `rotate` and after `retire`, run `host.sh restart`
(deploy/ec2/README.md, "Rotating a token").
HELP
}

# [services.ts: services] written by `npm run services`
services=(order inventory account)
declare -A databases=([order]=orders [inventory]=inventory [account]=accounts)
readonly call_tokens=(order_to_inventory_token)
readonly service_keys=(account_master_key)
# [end]

readonly tokens=(gateway_token "${call_tokens[@]}" "${service_keys[@]}")
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

# 256 bits in hex: no quoting in URLs, SQL, configuration files or decK's templates.
new_secret() { od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# Containers read these under users of their own, so the files are readable; the folder around them is not. Renamed into
# place: a running container keeps the file that it began with.
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
  # Equal to the token itself: nothing else is accepted until a rotation.
  for name in "${tokens[@]}"; do
    [[ -s $dir/${name}_previous ]] || value "$name" | put "${name}_previous"
  done
  derive
  echo "$made secrets made, $((${#random[@]} - made)) kept, in $dir"
}

# What order-service sends to inventory-service was one token for all services. Its value stays until the first rotation: while
# versions change, processes of both send and accept the same. The former file stays for the former version.
adopt() {
  local suffix
  for suffix in '' _previous; do
    [[ -s $dir/order_to_inventory_token$suffix || ! -s $dir/internal_token$suffix ]] ||
      value "internal_token$suffix" | put "order_to_inventory_token$suffix"
  done
}

derive() {
  local service
  for service in "${services[@]}"; do
    database_url "$service" owner "${service}_db_password" | put "${service}_database_owner_url"
    database_url "$service" service "${service}_service_password" | put "${service}_database_url"
  done
  printf 'amqp://orders:%s@rabbitmq:5672/orders' "$(value rabbitmq_password)" | put rabbitmq_url
  # The official image refuses passwords by environment file; RabbitMQ itself reads them here, at its first start.
  printf 'default_user = orders\ndefault_pass = %s\ndefault_vhost = orders\nlog.console = true\n' \
    "$(value rabbitmq_password)" | put rabbitmq.conf
}

# database_url SERVICE ROLE PASSWORD
database_url() { printf 'postgres://%s_%s:%s@%s-db:5432/%s' "$1" "$2" "$(value "$3")" "$1" "${databases[$1]}"; }

# Prints one line per fault.
faults() {
  local name file text
  for name in "${random[@]}" "${tokens[@]/%/_previous}"; do
    file=$dir/$name
    # Compose runs the check again in the container that an earlier version made, with the secrets of that version.
    [[ -e $file ]] || file=$dir/${name/#order_to_inventory_token/internal_token}
    text=$(cat "$file" 2>/dev/null) || true
    if [[ -z $text ]]; then
      echo "$name is missing"
    elif [[ ! $text =~ ^[A-Za-z0-9_-]{32,}$ ]]; then
      echo "$name is weak or unusable: it takes 32 or more of A-Z a-z 0-9 _ -"
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
  echo "The secrets in $dir are not fit for production:" >&2
  printf '%s\n' "$found" | while IFS= read -r line; do echo "  $line" >&2; done
  echo "Remove the bad ones and run: secrets.sh create $dir" >&2
  exit 1
}

rotate() {
  # Twice without `retire` between would cut off whoever still uses the first one.
  [[ $(value "$1") == "$(value "$1_previous")" ]] || fail "$1 is being rotated already; end that with: retire $1"
  value "$1" | put "$1_previous"
  new_secret | put "$1"
  echo "$1 is new; the former one is accepted too. Next: host.sh restart, then: secrets.sh retire $1"
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
