#!/bin/sh
# Make Kong's configuration that of kong.yml, and wait until Kong answers with it. Runs in the image of decK, in Kong's
# network (docker-compose.yml, kong-sync). Done again, it changes nothing; on any failure it says what and ends with 1.
set -eu

folder=$(dirname "$0")
within=${SYNC_SECONDS:-60}
# A finished sync is live only when each worker of Kong has read it, and an answer comes from one of them by chance.
answers_in_a_row=10

fail() {
  echo "kong-sync: $1" >&2
  exit 1
}

# decK takes an empty variable for a value, and Kong an empty token too: then clients could set their own.
grep -o 'env "DECK_[A-Z_]*"' "$folder/kong.yml" | grep -o 'DECK_[A-Z_]*' | sort -u | while read -r name; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || fail "$name is not set. See kong/README.md, Variables."
done

deck gateway ping || fail 'Kong does not answer at its Admin API, 127.0.0.1:8001 in its own network.'
# decK masks the values that a secret has today and prints those that it replaces: no events.
deck gateway sync --silence-events "$folder/kong.yml" || fail 'the configuration could not be applied; what was changed before the failure stays. Correct kong.yml or the variables, and run it again.'

# The clients that were made by command (docs/clients.md) have a tag of their own: neither sync touches what the other made.
# Without a file nobody was made, or it is away for now: then Kong keeps those that it has.
clients=${CLIENTS_FILE:-}
if [ -n "$clients" ]; then
  [ -x "$(dirname "$clients")" ] || fail "$(dirname "$clients") cannot be looked into: it belongs to another user."
  if [ -e "$clients" ]; then
    # Its events would print keys.
    deck gateway sync --silence-events "$clients" || fail "the clients of $clients could not be applied; Kong keeps those that it has."
  fi
fi

# The probe is written after the rest and under a name of its own: Kong answers it only with a router and plugins that it has
# read since, so with all of kong.yml. It has its own tag, and no sync of kong.yml touches it.
DECK_SYNC_PROBE=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
export DECK_SYNC_PROBE
trap 'deck gateway reset --force --select-tag sync-probe >/dev/null' EXIT
deck gateway sync --silence-events "$folder/sync-probe.yml" >/dev/null || fail 'the probe route could not be made.'

deadline=$(($(date +%s) + within))
seen=0
while [ "$seen" -lt "$answers_in_a_row" ]; do
  if wget -q -T 2 -O - "http://127.0.0.1:8000/sync-probe/$DECK_SYNC_PROBE" 2>/dev/null | grep -q "$DECK_SYNC_PROBE"; then
    seen=$((seen + 1))
  else
    seen=0
    [ "$(date +%s)" -lt "$deadline" ] || fail "the configuration is stored, but Kong does not answer with it after $within s."
    sleep 0.2
  fi
done
echo 'kong-sync: Kong answers with kong/kong.yml.'
