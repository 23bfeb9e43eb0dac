#!/bin/sh
# Runs in decK's image, in Kong's network. `validate` checks the values with the rules for production, and kong.yml with
# Kong; `sync` applies it.
set -eu

. /deploy/ec2/kong-variables.sh

case ${1:-} in
  validate)
    deck file validate /kong/kong.yml
    # The rendered file contains all keys; it is removed with the container.
    umask 077
    deck file render --populate-env-vars /kong/kong.yml -o /tmp/rendered.yml
    deck file lint -s /tmp/rendered.yml /kong/lint-rules.production.yml
    if [ -e "${CLIENTS_FILE:-}" ]; then
      deck file validate "$CLIENTS_FILE"
      deck file lint -s "$CLIENTS_FILE" /kong/lint-rules.production.yml
    fi
    # Validates the names and settings of plugins, which only Kong can do.
    deck gateway validate /kong/kong.yml
    ;;
  sync) sh /kong/sync.sh ;;
  *)
    echo "Usage: kong-sync.sh validate|sync" >&2
    exit 2
    ;;
esac
