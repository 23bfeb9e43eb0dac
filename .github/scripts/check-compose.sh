#!/usr/bin/env bash
# Checks what Compose makes of both files, with every profile, and what the monitoring's own tools say of its configuration,
# each from the image that runs it. Needs a Docker engine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

development=(docker compose --project-name check-compose --env-file .env.example)
"${development[@]}" --profile '*' config --quiet
# Its secrets are files of the host; only what is to run must be named.
DOCKERHUB_USER=${DOCKERHUB_USER:-example} TAG=${TAG:-0.1.0} docker compose --env-file /dev/null \
  -f docker-compose.prod.yml --profile '*' config --quiet

# `run` makes the networks and volumes of all services.
trap '"${development[@]}" --progress quiet down --volumes' EXIT
check=("${development[@]}" --progress quiet run --rm --no-deps --no-TTY --entrypoint)
"${check[@]}" promtool prometheus check config /etc/prometheus/prometheus.yml
"${check[@]}" amtool alertmanager check-config /etc/alertmanager/alertmanager.yml
