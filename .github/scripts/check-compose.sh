#!/usr/bin/env bash
# Validates both Compose files with all profiles, and the monitoring configuration with promtool and amtool of the images in
# use. Needs a Docker engine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

development=(docker compose --project-name check-compose --env-file .env.example)
"${development[@]}" --profile '*' config --quiet
# Secrets are files on the host; only the user and the tag are needed.
DOCKERHUB_USER=${DOCKERHUB_USER:-example} TAG=${TAG:-0.1.0} docker compose --env-file /dev/null \
  -f docker-compose.prod.yml --profile '*' config --quiet

# `run` creates the networks and volumes of all services.
trap '"${development[@]}" --progress quiet down --volumes' EXIT
check=("${development[@]}" --progress quiet run --rm --no-deps --no-TTY --entrypoint)
"${check[@]}" promtool prometheus check config /etc/prometheus/prometheus.yml
"${check[@]}" amtool alertmanager check-config /etc/alertmanager/alertmanager.yml
