#!/usr/bin/env bash
# Dump the databases of all services at the same time; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: backup.sh            dump every database, check the dumps, remove old ones
       backup.sh --check    fail if a database has no recent dump

A dump is BACKUP_DIR/<database>/<time>.dump (custom format of pg_dump), with <time>.dump.sha256 in the same folder. It gets
this name only when it is complete and was read to its end.

  <SERVICE>_DB_URL        for each service, such as ORDER_DB_URL: postgres://user:password@host:port/database, with a role that
                          may read everything
  BACKUP_DIR              folder of the dumps (/backups)
  BACKUP_KEEP_DAYS        older dumps are removed (7) …
  BACKUP_KEEP_AT_LEAST    … except this number of newest dumps of each database (24)
  BACKUP_MAX_AGE_SECONDS  for --check: maximum age of the newest dump (7200)
  BACKUP_METRICS_DIR      folder of backup.prom, for node_exporter's textfile collector (BACKUP_DIR/metrics)
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
    command -v "$command" >/dev/null || fail "$command is not installed: use the image of the databases"
  done
  [[ -z ${BACKUP_S3_URI:-} ]] || check_upload_settings
  keep_days=$(read_number BACKUP_KEEP_DAYS 7)
  keep_at_least=$(read_number BACKUP_KEEP_AT_LEAST 24)
  metrics_dir=${BACKUP_METRICS_DIR:-$backup_dir/metrics}
  umask 077 # dumps contain all data; the metrics are readable by all users
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
  # Also after a failure: report and copy the existing dumps, and remove old ones to free space for the next run.
  for database in "${databases[@]}"; do remove_old "$database"; done
  if [[ -n ${BACKUP_S3_URI:-} ]]; then
    for database in "${databases[@]}"; do upload "$database" || failures=1; done
  fi
  write_metrics
  return $failures
}

# Runs in a separate process, so that `fail` ends this dump and not the others.
dump() {
  local database=$1 name=$2.dump folder=$backup_dir/$1
  local draft=$folder/.$name.partial log=$folder/.log
  rm -f "$folder"/.*.partial # left by killed runs
  connect "$database"
  if ! pg_dump --format=custom --no-password --file="$draft" 2>"$log" || ! is_readable "$draft" "$log"; then
    local reason
    reason=$(last_words "$log")
    rm -f "$draft"
    fail "$database was not dumped: ${reason:-pg_dump was ended}"
  fi
  # The checksum first, so that a dump with its final name has one.
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
  command -v aws >/dev/null || fail 'BACKUP_S3_URI is set, but the aws command is not installed (deploy/backup/README.md)'
}

# Copies all dumps not copied yet, including those of earlier runs in which S3 was unavailable.
upload() {
  local dump file target log=$backup_dir/$1/.log
  while read -r dump; do
    [[ ! -e $dump.uploaded ]] || continue
    for file in "$dump" "$dump.sha256"; do
      target=$BACKUP_S3_URI/$1/${file##*/}
      # aws must not read the loop's input or inherit the lock.
      aws s3 cp --only-show-errors "$file" "$target" >"$log" 2>&1 </dev/null 9>&- || {
        say "${0##*/}: $1 was dumped, but not copied to $target: $(last_words "$log")" >&2
        return 1
      }
    done
    touch "$dump.uploaded"
    say "$1: copied to $BACKUP_S3_URI/$1/${dump##*/}"
  done < <(list_dumps "$1")
}

# The newest copied dump of a database.
newest_uploaded() {
  local dump
  while read -r dump; do
    [[ ! -e $dump.uploaded ]] || { say "$dump"; return; }
  done < <(list_dumps "$1")
}

write_metrics() {
  local draft=$metrics_dir/.backup.prom.partial database newest
  if {
    say '# HELP backup_last_success_timestamp_seconds Start time of the newest complete dump of a database.'
    say '# TYPE backup_last_success_timestamp_seconds gauge'
    for database in "${databases[@]}"; do
      newest=$(newest_dump "$database")
      say "backup_last_success_timestamp_seconds{database=\"$database\"} $([[ -z $newest ]] && echo 0 || time_of "$newest")"
    done
    say '# HELP backup_size_bytes Size of the newest complete dump of a database.'
    say '# TYPE backup_size_bytes gauge'
    for database in "${databases[@]}"; do
      newest=$(newest_dump "$database")
      say "backup_size_bytes{database=\"$database\"} $([[ -z $newest ]] && echo 0 || stat --format=%s "$newest")"
    done
    if [[ -n ${BACKUP_S3_URI:-} ]]; then
      say '# HELP backup_last_upload_timestamp_seconds Start time of the newest dump of a database in S3.'
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
