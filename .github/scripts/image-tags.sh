#!/usr/bin/env bash
# Prints, as outputs of a workflow step, the tags for an image of this commit: the commit, and the version if one is tagged.
# Usage: image-tags.sh SERVICE       with DOCKERHUB_USER, GITHUB_SHA, GITHUB_REF
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

service=${1:?"Usage: image-tags.sh SERVICE"}
: "${GITHUB_SHA:?}" "${GITHUB_REF:?}"
fail() {
  echo "$*" >&2
  exit 1
}
[[ -n ${DOCKERHUB_USER:-} ]] ||
  fail 'DOCKERHUB_USER is not set: add it as a variable of the repository (Settings, Secrets and variables, Actions).'
[[ -f $service/Dockerfile ]] || fail "$service has no Dockerfile."

version=$(node -p 'require("./package.json").version')
image=$DOCKERHUB_USER/$service
tags=("$image:$GITHUB_SHA")
if [[ $GITHUB_REF == refs/tags/v* ]]; then
  # The tag of an image and the version in its /health must be the same.
  [[ $GITHUB_REF == "refs/tags/v$version" ]] ||
    fail "The tag ${GITHUB_REF#refs/tags/} does not match the version in package.json, $version: tag v$version, or change the version first."
  tags+=("$image:$version")
fi
echo "version=$version"
printf 'tags<<END\n'
printf '%s\n' "${tags[@]}"
printf 'END\n'
