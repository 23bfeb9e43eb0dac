#!/usr/bin/env bash
# Prints the shell scripts of the repository in the working directory, tracked or new, one per line: files with the
# extension, and files with a shell in their first line.
set -euo pipefail

git ls-files --cached --others --exclude-standard | while IFS= read -r file; do
  [[ -f $file ]] || continue
  if [[ $file == *.sh ]]; then
    echo "$file"
  elif [[ $(head -c 64 "$file" | tr -d '\0' | head -n 1) =~ ^\#!.*[/\ ](ba|da)?sh( |$) ]]; then
    echo "$file"
  fi
done
