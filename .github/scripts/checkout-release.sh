#!/usr/bin/env bash
# Checks out the commit that the images with this tag were built from, so that a host gets the configuration of that
# version.
# Usage: checkout-release.sh TAG     40 digits of a commit, or a version such as 1.2.3
set -euo pipefail

tag=${1:-}
fail() {
  echo "$*" >&2
  exit 1
}
if [[ $tag =~ ^[0-9a-f]{40}$ ]]; then
  commit=$tag
elif [[ $tag =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  commit=refs/tags/v$tag
else
  fail "\"$tag\" is not a tag of an image: use 40 digits of a commit, or a version such as 1.2.3."
fi
git rev-parse --verify --quiet "$commit^{commit}" >/dev/null || fail "$commit does not exist in this repository."
# Only reviewed commits: images are built from main and from tags on it.
git merge-base --is-ancestor "$commit" origin/main || fail "$commit is not on main."
git checkout --quiet --detach "$commit"
echo "At $(git log -1 --format='%h %s')."
