#!/bin/sh
# Starts Alertmanager with the receivers that have addresses; see --help.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() {
  cat <<'TEXT'
Usage: start.sh FOLDER [FLAG …]     run Alertmanager with the receivers of FOLDER and these flags
       start.sh --print FOLDER      print the configuration instead

FOLDER has one file per address. Missing or empty files are ignored; without any, alerts appear only on Alertmanager's
own page.

  slack_url        an incoming webhook of Slack: every alert
  webhook_url      gets every alert as JSON (Alertmanager's webhook format)
  pager_url        the same, for critical alerts only: pages someone
  mail_to          addresses, separated by commas: every alert. It needs these too:
  mail_smarthost   host:port of a mail server with STARTTLS
  mail_from        the sender
  mail_username, mail_password     unless the server needs none
TEXT
}

# The first line of a file in the folder; empty if there is none.
value() {
  [ ! -s "$folder/$1" ] || head -n 1 "$folder/$1"
}

# A YAML string in which no character is special.
quoted() {
  printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}

webhooks() {
  [ $# -gt 0 ] || return 0
  echo '    webhook_configs:'
  for url in "$@"; do printf '      - url: %s\n' "$(quoted "$url")"; done
}

slack() {
  [ -n "$(value slack_url)" ] || return 0
  cat <<TEXT
    slack_configs:
      - api_url: $(quoted "$(value slack_url)")
        send_resolved: true
        title: '{{ .Status | toUpper }} {{ .CommonLabels.severity }}: {{ .GroupLabels.alertname }}'
        text: "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}"
TEXT
}

mail() {
  [ -n "$(value mail_to)" ] || return 0
  for name in mail_smarthost mail_from; do
    [ -n "$(value $name)" ] || { echo "start.sh: $folder/mail_to exists, but no $name" >&2; exit 1; }
  done
  cat <<TEXT
    email_configs:
      - to: $(quoted "$(value mail_to)")
        from: $(quoted "$(value mail_from)")
        smarthost: $(quoted "$(value mail_smarthost)")
        send_resolved: true
TEXT
  [ -n "$(value mail_username)" ] || return 0
  printf '        auth_username: %s\n' "$(quoted "$(value mail_username)")"
  printf '        auth_password: %s\n' "$(quoted "$(value mail_password)")"
}

print() {
  sed '/^receivers:/,$d' "$here/alertmanager.yml"
  echo 'receivers:'
  for severity in critical warning; do
    echo "  - name: $severity"
    set --
    [ -z "$(value webhook_url)" ] || set -- "$@" "$(value webhook_url)"
    [ "$severity" = warning ] || [ -z "$(value pager_url)" ] || set -- "$@" "$(value pager_url)"
    webhooks "$@"
    slack
    mail
  done
}

case ${1:-} in
  '' | -h | --help) usage; exit ;;
  --print) folder=$2; print; exit ;;
esac
folder=$1
shift
umask 077
# Two steps, so that a failure while printing stops the start instead of leaving half a configuration.
print >"${TMPDIR:-/tmp}/alertmanager.yml"
exec alertmanager --config.file="${TMPDIR:-/tmp}/alertmanager.yml" "$@"
