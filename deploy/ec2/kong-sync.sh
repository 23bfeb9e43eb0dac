#!/bin/sh
# Runs in decK's image, in Kong's network: `validate` asks whether production may have these values, and Kong whether it
# would take kong.yml; `sync` makes it so.
set -eu

. /deploy/ec2/kong-variables.sh

case ${1:-} in
  validate)
    deck file validate /kong/kong.yml
    # The rendered file holds every key; it goes with the container.
    umask 077
    deck file render --populate-env-vars /kong/kong.yml -o /tmp/rendered.yml
    deck file lint -s /tmp/rendered.yml /kong/lint-rules.production.yml
    if [ -e "${CLIENTS_FILE:-}" ]; then
      deck file validate "$CLIENTS_FILE"
      deck file lint -s "$CLIENTS_FILE" /kong/lint-rules.production.yml
    fi
    # The names and settings of plugins, which only Kong knows.
    deck gateway validate /kong/kong.yml
    ;;
  sync) sh /kong/sync.sh ;;
  *)
    echo "Usage: kong-sync.sh validate|sync" >&2
    exit 2
    ;;
esac
