# shellcheck shell=bash
# Sourced by the scripts in this folder: messages, settings from the environment, and database connections.

# [services.ts: databases] written by `npm run services`
databases=(notifications accounts orders inventory)
url_variables=(NOTIFICATION_DB_URL ACCOUNT_DB_URL ORDER_DB_URL INVENTORY_DB_URL)
# [end]
backup_dir=${BACKUP_DIR:-/backups}

say() { printf '%s\n' "$*"; }

# Print a message to standard error and exit.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

wrong_usage() {
  printf '%s: %s (--help shows the usage)\n' "${0##*/}" "$*" >&2
  exit 2
}

# The cause of a program's failure from its output: the first error, because others follow from it, or the last line.
last_words() {
  grep --max-count=1 --ignore-case --extended-regexp '(error|fatal):' "$1" || tail --lines=1 "$1"
}

# Print the value of NAME, or the content of the file NAME_FILE; nothing if neither is set.
read_setting() {
  local value=${!1:-} file_variable=${1}_FILE
  local file=${!file_variable:-}
  if [[ -n $file ]]; then
    [[ -z $value ]] || fail "set $1 or $file_variable, not both"
    [[ -r $file ]] || fail "$file_variable names $file, which cannot be read"
    value=$(<"$file")
  fi
  printf '%s' "$value"
}

# Print a whole number from the environment, or its default.
read_number() {
  local value=${!1:-$2}
  [[ $value =~ ^(0|[1-9][0-9]{0,8})$ ]] || fail "$1 is \"$value\", not a whole number"
  printf '%s' "$value"
}

# The variable with the URL of a database.
url_variable() {
  local index known
  for index in "${!databases[@]}"; do
    [[ $1 != "${databases[index]}" ]] || { printf '%s' "${url_variables[index]}"; return; }
  done
  printf -v known ' or %s' "${databases[@]}"
  wrong_usage "there is no database \"$1\": ${known# or }"
}

decode() {
  local escaped=${1//\\/\\\\}
  printf '%b' "${escaped//%/\\x}"
}

# Set libpq's environment variables for a database. A URL in the arguments would show the password to other processes.
connect() {
  local variable url
  variable=$(url_variable "$1") || exit
  url=$(read_setting "$variable") || exit
  [[ -n $url ]] || fail "$variable is missing: postgres://user:password@host:port/database"
  [[ $url =~ ^postgres(ql)?://([^:@/]+)(:([^@/]*))?@([^:@/]+)(:([0-9]+))?/([^/?]+)(\?sslmode=([a-z-]+))?$ ]] ||
    fail "$variable is not a URL like postgres://user:password@host:port/database?sslmode=require"
  PGUSER=$(decode "${BASH_REMATCH[2]}")
  PGPASSWORD=$(decode "${BASH_REMATCH[4]}")
  PGHOST=${BASH_REMATCH[5]}
  PGPORT=${BASH_REMATCH[7]:-5432}
  PGDATABASE=$(decode "${BASH_REMATCH[8]}")
  PGSSLMODE=${BASH_REMATCH[10]:-prefer}
  PGAPPNAME=${0##*/}
  PGCONNECT_TIMEOUT=10
  # Suffixes are added to the name, and the result must not exceed 63 bytes.
  [[ $PGDATABASE =~ ^[a-z_][a-z0-9_]{0,39}$ ]] || fail "$variable: a database named \"$PGDATABASE\" cannot be handled"
  export PGUSER PGPASSWORD PGHOST PGPORT PGDATABASE PGSSLMODE PGAPPNAME PGCONNECT_TIMEOUT
}

# psql for scripts: no startup file, no decoration, and it stops at the first error.
sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }

# The dumps of a database, newest first.
list_dumps() {
  local dumps=("$backup_dir/$1"/[0-9]*T[0-9]*Z.dump)
  [[ -e ${dumps[0]} ]] || return 0
  printf '%s\n' "${dumps[@]}" | sort --reverse
}

# Reads to the end: `head` would exit early, and the writer would fail.
newest_dump() { list_dumps "$1" | sed --quiet 1p; }

# The start time of a dump from its name, in seconds since 1970.
time_of() {
  local name=${1##*/}
  date --utc --date="${name:0:4}-${name:4:2}-${name:6:2} ${name:9:2}:${name:11:2}:${name:13:2}" +%s
}

# Whether a dump matches its checksum and can be read to its end.
check_dump() {
  local dump=$1 log=$2
  (cd "${dump%/*}" && sha256sum --check --status "${dump##*/}.sha256") 2>/dev/null ||
    { say 'its checksum is missing or wrong' >"$log"; return 1; }
  is_readable "$dump" "$log"
}

# The table of contents is at the beginning of the file; only reading all of it finds a damaged block.
is_readable() {
  pg_restore --list "$1" >/dev/null 2>"$2" && pg_restore --file=/dev/null "$1" 2>"$2"
}
