# shellcheck shell=bash
# Sourced by the scripts beside it: what they say, what they read from the environment, and how they reach a database.

# [services.ts: databases] written by `npm run services`
databases=(orders inventory accounts)
url_variables=(ORDER_DB_URL INVENTORY_DB_URL ACCOUNT_DB_URL)
# [end]
backup_dir=${BACKUP_DIR:-/backups}

say() { printf '%s\n' "$*"; }

# One message, on standard error, and the end.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

wrong_usage() {
  printf '%s: %s (--help shows the usage)\n' "${0##*/}" "$*" >&2
  exit 2
}

# Why a program gave up, from what it has written: its first error, for the others follow from that, or its last line.
last_words() {
  grep --max-count=1 --ignore-case --extended-regexp '(error|fatal):' "$1" || tail --lines=1 "$1"
}

# Print the value of NAME, or what the file named by NAME_FILE holds; nothing when neither is set.
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

# The variable that holds the URL of a database.
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

# Point libpq at a database, by its environment: a URL among the arguments would show its password to every process.
connect() {
  local variable url
  variable=$(url_variable "$1") || exit
  url=$(read_setting "$variable") || exit
  [[ -n $url ]] || fail "$variable is missing: postgres://user:password@host:port/database"
  [[ $url =~ ^postgres(ql)?://([^:@/]+)(:([^@/]*))?@([^:@/]+)(:([0-9]+))?/([^/?]+)(\?sslmode=([a-z-]+))?$ ]] ||
    fail "$variable is no URL like postgres://user:password@host:port/database?sslmode=require"
  PGUSER=$(decode "${BASH_REMATCH[2]}")
  PGPASSWORD=$(decode "${BASH_REMATCH[4]}")
  PGHOST=${BASH_REMATCH[5]}
  PGPORT=${BASH_REMATCH[7]:-5432}
  PGDATABASE=$(decode "${BASH_REMATCH[8]}")
  PGSSLMODE=${BASH_REMATCH[10]:-prefer}
  PGAPPNAME=${0##*/}
  PGCONNECT_TIMEOUT=10
  # Its name is put together with others, and has to fit into 63 bytes then.
  [[ $PGDATABASE =~ ^[a-z_][a-z0-9_]{0,39}$ ]] || fail "$variable: a database named \"$PGDATABASE\" cannot be handled"
  export PGUSER PGPASSWORD PGHOST PGPORT PGDATABASE PGSSLMODE PGAPPNAME PGCONNECT_TIMEOUT
}

# psql for scripts: no startup file, no decoration, and the first error ends it.
sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }

# The dumps of a database, the newest first.
list_dumps() {
  local dumps=("$backup_dir/$1"/[0-9]*T[0-9]*Z.dump)
  [[ -e ${dumps[0]} ]] || return 0
  printf '%s\n' "${dumps[@]}" | sort --reverse
}

# Reads to the end: `head` would leave, and the writer with an error.
newest_dump() { list_dumps "$1" | sed --quiet 1p; }

# When a dump was begun, in seconds since 1970: its name says it.
time_of() {
  local name=${1##*/}
  date --utc --date="${name:0:4}-${name:4:2}-${name:6:2} ${name:9:2}:${name:11:2}:${name:13:2}" +%s
}

# Whether a dump is what was written, and can be read to its end.
check_dump() {
  local dump=$1 log=$2
  (cd "${dump%/*}" && sha256sum --check --status "${dump##*/}.sha256") 2>/dev/null ||
    { say 'its checksum is missing or wrong' >"$log"; return 1; }
  is_readable "$dump" "$log"
}

# The list alone is at the beginning of the file; only reading all of it finds a block that is damaged.
is_readable() {
  pg_restore --list "$1" >/dev/null 2>"$2" && pg_restore --file=/dev/null "$1" 2>"$2"
}
