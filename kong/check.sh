#!/usr/bin/env bash
# Validates and lints kong.yml with decK (on the PATH, or $DECK), with placeholders for variables that are not set.
# Usage: kong/check.sh             checks the file
#        kong/check.sh production  also checks the values: all variables must be set to valid values for production
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
deck=${DECK:-deck}
export DECK_ANALYTICS=false

if ! command -v "$deck" >/dev/null; then
  echo "kong/check.sh needs decK: set DECK to its path, or install it (https://developer.konghq.com/deck/)." >&2
  exit 2
fi
case ${1:-} in
  '')
    for name in STOREFRONT_KEY OTHER_STOREFRONT_KEY BACKOFFICE_KEY OPERATIONS_KEY GATEWAY_TOKEN GATEWAY_KEYLESS_TOKEN; do
      variable=DECK_$name
      export "$variable=${!variable:-placeholder-$name}"
    done
    export DECK_RATE_LIMIT_PER_MINUTE=${DECK_RATE_LIMIT_PER_MINUTE:-60000}
    export DECK_ROUTE_PROTOCOLS=${DECK_ROUTE_PROTOCOLS:-[https]}
    export DECK_TRACING_ENABLED=${DECK_TRACING_ENABLED:-false}
    export DECK_TRACES_ENDPOINT=${DECK_TRACES_ENDPOINT:-http://collector:4318/v1/traces}
    ;;
  production) ;;
  *)
    echo 'Usage: kong/check.sh [production]' >&2
    exit 2
    ;;
esac

"$deck" file validate kong.yml
"$deck" file lint -s kong.yml lint-rules.yml
if [[ ${1:-} == production ]]; then
  # The rendered file contains all keys.
  umask 077
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  "$deck" file render --populate-env-vars kong.yml -o "$folder/rendered.yml"
  "$deck" file lint -s "$folder/rendered.yml" lint-rules.production.yml
fi
echo "kong.yml is valid${1:+ for $1}."
