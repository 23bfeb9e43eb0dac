#!/bin/sh
# Runs in decK's image, in Kong's network: `validate` asks Kong whether it would take kong.yml, `sync` makes it so.
# In production every route is https only, and plain http is redirected: kong-https.yml is laid over kong.yml.
set -eu

. /deploy/ec2/kong-variables.sh

cp -R /kong /tmp/kong
deck file patch --state /kong/kong.yml --output-file /tmp/kong/kong.yml /deploy/ec2/kong-https.yml
case ${1:-} in
  validate)
    deck file validate /tmp/kong/kong.yml
    # The names and settings of plugins, which only Kong knows.
    deck gateway validate /tmp/kong/kong.yml
    ;;
  sync) sh /tmp/kong/sync.sh ;;
  *)
    echo "Usage: kong-sync.sh validate|sync" >&2
    exit 2
    ;;
esac
