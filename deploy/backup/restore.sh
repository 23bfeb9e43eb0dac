#!/usr/bin/env bash
# Replace a database with a dump; see --help.
#
#   1. check the dump, and that there are no connections
#   2. create a new database and restore the dump into it; the old one is only read
#   3. advance the sequences of the new one past those of the old one
#   4. rename both in one transaction: the new one gets the name, the old one is kept as <name>_before_<time>
#
# Before step 4 nothing has changed, and a failure drops the new database. PostgreSQL refuses step 4 while there are
# connections to either database, and blocks new ones during the step.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: restore.sh <database> <file.dump|latest>

Read docs/restore.md first. Stop the service, and restore while there are no connections. The replaced database is kept under
another name, which is printed.

  <SERVICE>_DB_URL       of a role that may create databases (or …_FILE, see backup.sh --help)
  BACKUP_DIR             where `latest` is looked for (/backups)
  RESTORE_JOBS           number of parallel connections (2)
  RESTORE_SKIP_NUMBERS   how many numbers of each sequence are skipped if the last used one is unknown, because the replaced
                         database is new (1000000)
TEXT
}

main() {
  case "${1:-}" in -h | --help) usage; return ;; esac
  [[ $# -eq 2 ]] || wrong_usage 'name a database and a dump'
  database=$1 dump=$2 is_made=
  jobs=$(read_number RESTORE_JOBS 2)
  skip=$(read_number RESTORE_SKIP_NUMBERS 1000000)
  connect "$database"
  old=$PGDATABASE draft=${PGDATABASE}_restoring kept=${PGDATABASE}_before_$(date --utc +%Y%m%dt%H%M%Sz)
  work=$(mktemp -d)
  log=$work/log
  trap clean_up EXIT
  # Signals run the EXIT trap, which drops an incomplete database.
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  if [[ $dump == latest ]]; then
    dump=$(newest_dump "$database")
    [[ -n $dump ]] || fail "$backup_dir has no dump of $database"
  fi
  [[ -r $dump ]] || fail "$dump cannot be read"
  check_dump "$(realpath "$dump")" "$log" || fail "$dump is damaged: $(last_words "$log"). Take another one"
  check_server
  refuse_connected "$old"

  make_draft
  say "$database: restoring $dump"
  pg_restore --exit-on-error --no-password --jobs="$jobs" --dbname="$draft" "$dump" 2>"$log" ||
    fail "$database is unchanged: pg_restore failed: $(last_words "$log")"
  move_sequences
  sql --dbname="$draft" --command='ANALYZE' 2>"$log" || fail "$database is unchanged: ANALYZE failed: $(last_words "$log")"
  swap
  say "$database: restored from $dump. The previous database is $kept; to remove it when it is no longer needed:"
  say "  psql -d postgres -c 'DROP DATABASE $kept'"
}

clean_up() {
  [[ -z $is_made ]] || sql --dbname=postgres --command="DROP DATABASE IF EXISTS $draft WITH (FORCE)" 2>/dev/null ||
    say "$database: the incomplete database $draft still exists; the next restore removes it" >&2
  rm -rf "$work"
}

# Connect to another database of the server, because a connection to the replaced one would block the rename.
ask_server() { sql --dbname=postgres --set=old="$old" --set=draft="$draft" --set=kept="$kept" "$@"; }

check_server() {
  local answer roles missing
  answer=$(ask_server 2>"$log" <<'SQL'
SELECT (rolcreatedb OR rolsuper) AND EXISTS (
  SELECT FROM pg_database WHERE datname = :'old' AND pg_has_role(datdba, 'MEMBER')) FROM pg_roles WHERE rolname = current_user
SQL
  ) || fail "the server of $database cannot be used: $(last_words "$log")"
  [[ $(ask_server <<<"SELECT count(*) FROM pg_database WHERE datname = :'old'") == 1 ]] ||
    fail "there is no database $old on $PGHOST:$PGPORT: run the service's migration first, which also creates the roles"
  [[ $answer == t ]] || fail "$PGUSER may not create databases or does not own $old: use the server's superuser"
  # Roles are not in the dump. All roles with privileges in it must exist on the server.
  roles=$(pg_restore --schema-only --file=- "$dump" |
    sed -nE 's/^(GRANT .* TO|ALTER .* OWNER TO) "?([^";]+)"?;$/\2/p' | sort --unique | grep -vx PUBLIC || true)
  missing=$(ask_server --set=roles="${roles//$'\n'/,}" <<'SQL'
SELECT string_agg(name, ', ') FROM unnest(string_to_array(:'roles', ',')) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
SQL
  )
  [[ -z $missing ]] || fail "the dump needs roles that are not on this server ($missing): run the service's migration first"
}

refuse_connected() {
  local sessions
  sessions=$(ask_server <<'SQL'
SELECT string_agg(DISTINCT format('%s (%s)', usename, coalesce(nullif(application_name, ''), 'process ' || pid)), ', ')
FROM pg_stat_activity WHERE datname IN (:'old', :'draft') AND coalesce(backend_type, 'client backend') = 'client backend'
SQL
  )
  [[ -z $sessions ]] || fail "there are connections to $database: $sessions. Stop the service, then restore"
}

make_draft() {
  local problem
  # Left by an earlier restore that was killed.
  ask_server --command="DROP DATABASE IF EXISTS $draft" >"$log" 2>&1 || fail "$(last_words "$log")"
  is_made=yes
  # The owner, settings and privileges of the database itself are not in its dump.
  ask_server 2>"$log" <<'SQL' || fail "$database is unchanged: the new database could not be created: $(last_words "$log")"
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L',
  :'draft', pg_get_userbyid(datdba), pg_encoding_to_char(encoding))
FROM pg_database WHERE datname = :'old' \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'draft')
FROM pg_database WHERE datname = :'old' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'draft',
  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
FROM pg_database, aclexplode(datacl) WHERE datname = :'old' \gexec
SELECT format('ALTER %s SET %I = %L',
  CASE setrole WHEN 0 THEN format('DATABASE %I', :'draft')
    ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'draft') END,
  split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1))
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS setting
WHERE datname = :'old' \gexec
SQL
  problem=$(ask_server <<'SQL'
SELECT 'differs' FROM pg_database o, pg_database d WHERE o.datname = :'old' AND d.datname = :'draft'
  AND (o.datcollate, o.datctype, o.datlocprovider) IS DISTINCT FROM (d.datcollate, d.datctype, d.datlocprovider)
SQL
  )
  [[ -z $problem ]] || fail "$old has another locale than the server's default: create the databases again with the migration"
}

# Numbers used since the dump are known to customers and must not be used again.
move_sequences() {
  local used
  used=$(sql --dbname="$old" 2>"$log" <<'SQL'
SELECT coalesce(json_agg(json_build_object('name', format('%I.%I', schemaname, sequencename), 'last', last_value)), '[]')
FROM pg_sequences
SQL
  ) || {
    say "$database: the replaced database cannot be read ($(last_words "$log")), so $skip numbers are skipped" >&2
    used='[]'
  }
  sql --dbname="$draft" --set=used="$used" --set=skip="$skip" >/dev/null 2>"$log" <<'SQL' ||
SELECT format('SELECT setval(%L, %s)', name, least(max_value,
  CASE WHEN used.last >= restored.last THEN used.last ELSE restored.last + :skip END))
FROM (SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value, 0) AS last, max_value
      FROM pg_sequences) restored
LEFT JOIN json_to_recordset(:'used') AS used (name text, last bigint) USING (name)
WHERE used.last > 0 OR restored.last > 0 \gexec
SQL
    fail "$database is unchanged: the sequences could not be advanced: $(last_words "$log")"
}

swap() {
  refuse_connected "$old"
  ask_server --single-transaction --command="ALTER DATABASE $old RENAME TO $kept" \
    --command="ALTER DATABASE $draft RENAME TO $old" 2>"$log" ||
    fail "$database is unchanged: the databases could not be renamed: $(last_words "$log")"
  is_made=
}

main "$@"
