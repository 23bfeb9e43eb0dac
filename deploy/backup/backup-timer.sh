#!/usr/bin/env bash
# Run backup.sh every so often, for ever; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: backup-timer.sh      run backup.sh every BACKUP_INTERVAL_SECONDS, until SIGTERM

The first one is due so long after the newest dump that is there, so that a restart makes no dump too many. After one
that failed, the next try is in BACKUP_RETRY_SECONDS, or when it would have been due, whatever is sooner.

  BACKUP_INTERVAL_SECONDS   from the beginning of one backup to that of the next (3600)
  BACKUP_RETRY_SECONDS      after a failure (300)

and whatever backup.sh reads (backup.sh --help).
TEXT
}

# Seconds until the next backup, going by the older of the databases' newest dumps.
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

# `wait` ends at a signal; a sleep in the foreground would delay it.
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
((interval > 0 && retry > 0)) || fail 'BACKUP_INTERVAL_SECONDS and BACKUP_RETRY_SECONDS begin at 1'
# Nobody may be left to kill, and that is no failure.
trap 'kill $(jobs -p) 2>/dev/null || true; exit 0' TERM INT

while true; do
  pause "$(seconds_left)"
  "$here/backup.sh" &
  wait $! || pause $((retry < interval ? retry : interval))
done
