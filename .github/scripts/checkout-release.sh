#!/usr/bin/env bash
# Checks out the commit that an image's tag was built from, so that a host gets the configuration of that version.
# Usage: checkout-release.sh TAG     a commit's 40 digits, or a version as 1.2.3
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
  fail "\"$tag\" is no tag of an image: give a commit's 40 digits, or a version as 1.2.3."
fi
git rev-parse --verify --quiet "$commit^{commit}" >/dev/null || fail "There is no $commit in this repository."
# Only what was reviewed: images are built of main and of tags on it.
git merge-base --is-ancestor "$commit" origin/main || fail "$commit is not on main."
git checkout --quiet --detach "$commit"
echo "At $(git log -1 --format='%h %s')."
