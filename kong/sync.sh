#!/bin/sh
# Applies kong.yml to Kong, and waits until it is in effect. Runs in the image of decK, in Kong's network
# (docker-compose.yml, kong-sync). A second run changes nothing. On a failure it prints the cause and exits with 1.
set -eu

folder=$(dirname "$0")
within=${SYNC_SECONDS:-60}
# A sync is in effect only after every worker of Kong has loaded it, and any worker may respond.
answers_in_a_row=10

fail() {
  echo "kong-sync: $1" >&2
  exit 1
}

# decK accepts an empty variable, and Kong an empty token: clients could then set their own.
grep -o 'env "DECK_[A-Z_]*"' "$folder/kong.yml" | grep -o 'DECK_[A-Z_]*' | sort -u | while read -r name; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || fail "$name is not set. See kong/README.md, Variables."
done

deck gateway ping || fail 'Kong does not respond at its Admin API, 127.0.0.1:8001 in its own network.'
# decK masks the new values of secrets, but prints the replaced ones: no events.
deck gateway sync --silence-events "$folder/kong.yml" || fail 'the configuration could not be applied completely. Correct kong.yml or the variables, and run it again.'

# Clients created by command (docs/clients.md) have a separate tag, so neither sync changes the entities of the other.
# If the file does not exist, no client was created, or it is temporarily missing: Kong keeps its current clients.
clients=${CLIENTS_FILE:-}
if [ -n "$clients" ]; then
  [ -x "$(dirname "$clients")" ] || fail "$(dirname "$clients") is not accessible: it belongs to another user."
  if [ -e "$clients" ]; then
    # Events would print keys.
    deck gateway sync --silence-events "$clients" || fail "the clients of $clients could not be applied; Kong keeps its current clients."
  fi
fi

# The probe is written last and with a new name: a worker responds to it only after it has loaded the router and the
# plugins, and with them all of kong.yml. It has a separate tag, so a sync of kong.yml does not change it.
DECK_SYNC_PROBE=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
export DECK_SYNC_PROBE
trap 'deck gateway reset --force --select-tag sync-probe >/dev/null' EXIT
deck gateway sync --silence-events "$folder/sync-probe.yml" >/dev/null || fail 'the probe route could not be created.'

deadline=$(($(date +%s) + within))
seen=0
while [ "$seen" -lt "$answers_in_a_row" ]; do
  if wget -q -T 2 -O - "http://127.0.0.1:8000/sync-probe/$DECK_SYNC_PROBE" 2>/dev/null | grep -q "$DECK_SYNC_PROBE"; then
    seen=$((seen + 1))
  else
    seen=0
    [ "$(date +%s)" -lt "$deadline" ] || fail "the configuration is stored, but not in effect after $within s."
    sleep 0.2
  fi
done
echo 'kong-sync: kong/kong.yml is in effect.'
