#!/usr/bin/env bash
# Run backup.sh periodically; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: backup-timer.sh      run backup.sh every BACKUP_INTERVAL_SECONDS, until SIGTERM

The first backup runs this long after the newest existing dump, so a restart does not cause an additional dump. After a failure,
the next attempt is after BACKUP_RETRY_SECONDS or at the regular time, whichever is sooner.

  BACKUP_INTERVAL_SECONDS   from the start of one backup to the start of the next (3600)
  BACKUP_RETRY_SECONDS      after a failure (300)

and the variables of backup.sh (backup.sh --help).
TEXT
}

# Seconds until the next backup, according to the oldest of the databases' newest dumps.
seconds_left() {
  local database newest begun left=$interval now
  now=$(date +%s)
  for database in "${databases[@]}"; do
    newest=$(newest_dump "$database")
    [[ -n $newest ]] || { echo 0; return; }
    begun=$(time_of "$newest")
    ((begun + interval - now >= left)) || left=$((begun + interval - now))
  done
  echo $((left > 0 ? left : 0))
}

# `wait` returns on a signal; a sleep in the foreground would delay its handling.
pause() {
  sleep "$1" &
  wait $! || true
}

case "$*" in
  '') ;;
  -h | --help) usage; exit ;;
  *) wrong_usage "\"$*\" is not understood" ;;
esac
interval=$(read_number BACKUP_INTERVAL_SECONDS 3600)
retry=$(read_number BACKUP_RETRY_SECONDS 300)
((interval > 0 && retry > 0)) || fail 'BACKUP_INTERVAL_SECONDS and BACKUP_RETRY_SECONDS must be at least 1'
# It is not an error if there is no child process.
trap 'kill $(jobs -p) 2>/dev/null || true; exit 0' TERM INT

while true; do
  pause "$(seconds_left)"
  "$here/backup.sh" &
  wait $! || pause $((retry < interval ? retry : interval))
done
