#!/usr/bin/env bash
# Dump the databases of all services at the same time; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: backup.sh            dump every database, check the dumps, remove old ones
       backup.sh --check    fail when a database has no dump that is young enough

A dump is BACKUP_DIR/<database>/<time>.dump (pg_restore's custom format) with <time>.dump.sha256 beside it. It has
its name only when it is complete and was read to its end.

  <SERVICE>_DB_URL        of each service, such as ORDER_DB_URL: postgres://user:password@host:port/database, of a role that
                          may read everything
  BACKUP_DIR              where the dumps are kept (/backups)
  BACKUP_KEEP_DAYS        older ones are removed (7) …
  BACKUP_KEEP_AT_LEAST    … but never the newest ones, so many of each database (24)
  BACKUP_MAX_AGE_SECONDS  for --check: how old the newest dump may be (7200)
  BACKUP_METRICS_DIR      where backup.prom is written for node_exporter's textfile collector (BACKUP_DIR/metrics)
  BACKUP_S3_URI           s3://bucket/prefix: copy each dump there with the command `aws`; unset: no copy
  AWS_…                   for `aws`: region, endpoint, credentials

Each of the URLs may be given as a file: <SERVICE>_DB_URL_FILE.
TEXT
}

main() {
  case "$*" in
    '') ;;
    --check) check_ages; return ;;
    -h | --help) usage; return ;;
    *) wrong_usage "\"$*\" is not understood" ;;
  esac
  local command time failures=0 jobs=()
  for command in pg_dump pg_restore psql; do
    command -v "$command" >/dev/null || fail "there is no $command here: use the image of the databases"
  done
  [[ -z ${BACKUP_S3_URI:-} ]] || check_upload_settings
  keep_days=$(read_number BACKUP_KEEP_DAYS 7)
  keep_at_least=$(read_number BACKUP_KEEP_AT_LEAST 24)
  metrics_dir=${BACKUP_METRICS_DIR:-$backup_dir/metrics}
  umask 077 # a dump has everybody's data; the metrics are for everybody
  { mkdir -p "${databases[@]/#/$backup_dir/}" "$metrics_dir" && chmod 755 "$metrics_dir"; } 2>/dev/null || fail "$backup_dir cannot be written to"
  exec 9>"$backup_dir/.lock" || fail "$backup_dir cannot be written to"
  flock --nonblock 9 || fail "another backup is running in $backup_dir"

  # Begun at the same instant, the two snapshots differ by milliseconds: what lies between them is what reconciliation
  # has to resolve when both are restored.
  time=$(date --utc +%Y%m%dT%H%M%SZ)
  for database in "${databases[@]}"; do
    dump "$database" "$time" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || failures=1; done
  # Whatever failed: the dumps that are there are told of, copied, and the room of old ones is freed for the next run.
  for database in "${databases[@]}"; do remove_old "$database"; done
  if [[ -n ${BACKUP_S3_URI:-} ]]; then
    for database in "${databases[@]}"; do upload "$database" || failures=1; done
  fi
  write_metrics
  return $failures
}

# Runs as a process of its own, so that `fail` ends this dump and not the other.
dump() {
  local database=$1 name=$2.dump folder=$backup_dir/$1
  local draft=$folder/.$name.partial log=$folder/.log
  rm -f "$folder"/.*.partial # of runs that were killed
  connect "$database"
  if ! pg_dump --format=custom --no-password --file="$draft" 2>"$log" || ! is_readable "$draft" "$log"; then
    local reason
    reason=$(last_words "$log")
    rm -f "$draft"
    fail "$database was not dumped: ${reason:-pg_dump was ended}"
  fi
  # The checksum first: a dump that has its name has its checksum, too.
  (cd "$folder" && sha256sum "${draft##*/}" | sed "s/ .*/  $name/" >"$name.sha256" && sync "$name.sha256" &&
    mv "${draft##*/}" "$name" && sync .) || fail "$database was not dumped: $folder cannot be written to"
  say "$database: $folder/$name, $(stat --format=%s "$folder/$name") bytes"
}

remove_old() {
  local kept=0 oldest dump
  oldest=$(($(date +%s) - keep_days * 86400))
  while read -r dump; do
    kept=$((kept + 1))
    if ((kept > keep_at_least && $(time_of "$dump") < oldest)); then
      rm -f "$dump" "$dump.sha256" "$dump.uploaded"
      say "$1: removed $dump"
    fi
  done < <(list_dumps "$1")
}

check_upload_settings() {
  [[ $BACKUP_S3_URI =~ ^s3://[a-z0-9][a-z0-9.-]+(/[^/]+)*$ ]] ||
    fail "BACKUP_S3_URI is \"$BACKUP_S3_URI\", not like s3://bucket/prefix"
  command -v aws >/dev/null || fail 'BACKUP_S3_URI is set, but there is no aws command here (deploy/backup/README.md)'
}

# Copies whatever was not copied yet, so that an hour without S3 is made up for by the next run.
upload() {
  local dump file target log=$backup_dir/$1/.log
  while read -r dump; do
    [[ ! -e $dump.uploaded ]] || continue
    for file in "$dump" "$dump.sha256"; do
      target=$BACKUP_S3_URI/$1/${file##*/}
      # Not into the loop's input, and without the lock, which aws has no use for.
      aws s3 cp --only-show-errors "$file" "$target" >"$log" 2>&1 </dev/null 9>&- || {
        say "${0##*/}: $1 was dumped, but not copied to $target: $(last_words "$log")" >&2
        return 1
      }
    done
    touch "$dump.uploaded"
    say "$1: copied to $BACKUP_S3_URI/$1/${dump##*/}"
  done < <(list_dumps "$1")
}

# The newest dump of a database that was copied.
newest_uploaded() {
  local dump
  while read -r dump; do
    [[ ! -e $dump.uploaded ]] || { say "$dump"; return; }
  done < <(list_dumps "$1")
}

write_metrics() {
  local draft=$metrics_dir/.backup.prom.partial database newest
  if {
    say '# HELP backup_last_success_timestamp_seconds When the newest complete dump of a database was begun.'
    say '# TYPE backup_last_success_timestamp_seconds gauge'
    for database in "${databases[@]}"; do
      newest=$(newest_dump "$database")
      say "backup_last_success_timestamp_seconds{database=\"$database\"} $([[ -z $newest ]] && echo 0 || time_of "$newest")"
    done
    say '# HELP backup_size_bytes Size of that dump.'
    say '# TYPE backup_size_bytes gauge'
    for database in "${databases[@]}"; do
      newest=$(newest_dump "$database")
      say "backup_size_bytes{database=\"$database\"} $([[ -z $newest ]] && echo 0 || stat --format=%s "$newest")"
    done
    if [[ -n ${BACKUP_S3_URI:-} ]]; then
      say '# HELP backup_last_upload_timestamp_seconds When the newest dump that was copied to S3 was begun.'
      say '# TYPE backup_last_upload_timestamp_seconds gauge'
      for database in "${databases[@]}"; do
        newest=$(newest_uploaded "$database")
        say "backup_last_upload_timestamp_seconds{database=\"$database\"} $([[ -z $newest ]] && echo 0 || time_of "$newest")"
      done
    fi
  } >"$draft" && chmod 644 "$draft" && mv "$draft" "$metrics_dir/backup.prom"; then return; fi
  fail "$metrics_dir cannot be written to"
}

check_ages() {
  local max_age database newest age
  max_age=$(read_number BACKUP_MAX_AGE_SECONDS 7200)
  for database in "${databases[@]}"; do
    newest=$(newest_dump "$database")
    [[ -n $newest ]] || fail "$database has no dump in $backup_dir"
    age=$(($(date +%s) - $(time_of "$newest")))
    ((age <= max_age)) || fail "the newest dump of $database is $age s old, more than $max_age s: $newest"
  done
}

main "$@"
