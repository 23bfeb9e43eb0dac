#!/usr/bin/env bash
# Copy orders that a restore has lost from the replaced database; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: bring-back.sh <orders_before_TIME>

Copies all orders placed after the dump, with their lines, timelines and Idempotency-Keys, from the database that restore.sh has
replaced and kept. A client that repeats its request then gets the first response, and no second order.
Use it if that database is readable and its newest orders are correct, and before the gateway is opened, because a key that was
used again keeps its new order.

Changes after the dump to orders in the dump (shipped, cancelled) are not copied. A second run changes nothing.

  ORDER_DB_URL   of the owner or a superuser (or ORDER_DB_URL_FILE)
TEXT
}

main() {
  case "${1:-}" in -h | --help) usage; return ;; esac
  [[ $# -eq 1 && $1 =~ ^[a-z_][a-z0-9_]*$ ]] || wrong_usage 'specify the replaced database'
  local source=$1 newest
  connect orders
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Orders placed after the dump are newer than all orders in it, except for the time between placing and commit.
  newest=$(sql --command="SELECT coalesce(max(created_at), '-infinity') - interval '1 hour' FROM orders" 2>"$work/log") ||
    fail "the orders could not be read: $(last_words "$work/log")"
  sql --dbname="$source" --set=newest="$newest" 2>"$work/log" <<SQL || fail "$source: $(last_words "$work/log")"
BEGIN ISOLATION LEVEL REPEATABLE READ;
CREATE TEMPORARY TABLE young ON COMMIT DROP AS SELECT id FROM orders WHERE created_at > :'newest';
\copy (SELECT o.* FROM orders o JOIN young USING (id)) TO '$work/orders'
\copy (SELECT l.* FROM order_lines l JOIN young ON id = order_id) TO '$work/lines'
\copy (SELECT t.* FROM order_timeline t JOIN young y ON y.id = t.order_id) TO '$work/timeline'
\copy (SELECT k.* FROM idempotency_keys k JOIN young ON id = resource_id) TO '$work/keys'
COMMIT;
SQL
  sql 2>"$work/log" <<SQL || fail "nothing was brought back: $(last_words "$work/log")"
BEGIN;
CREATE TEMPORARY TABLE old_orders (LIKE orders) ON COMMIT DROP;
CREATE TEMPORARY TABLE old_lines (LIKE order_lines) ON COMMIT DROP;
CREATE TEMPORARY TABLE old_timeline (LIKE order_timeline) ON COMMIT DROP;
CREATE TEMPORARY TABLE old_keys (LIKE idempotency_keys) ON COMMIT DROP;
\copy old_orders FROM '$work/orders'
\copy old_lines FROM '$work/lines'
\copy old_timeline FROM '$work/timeline'
\copy old_keys FROM '$work/keys'
CREATE TEMPORARY TABLE brought (id uuid, number bigint) ON COMMIT DROP;
WITH inserted AS (INSERT INTO orders SELECT * FROM old_orders ON CONFLICT DO NOTHING RETURNING id, number)
INSERT INTO brought SELECT * FROM inserted;
INSERT INTO order_lines SELECT l.* FROM old_lines l JOIN brought ON id = order_id;
INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail)
SELECT order_id, type, at, actor, correlation_id, detail FROM old_timeline t JOIN brought b ON b.id = t.order_id ORDER BY t.id;
INSERT INTO idempotency_keys SELECT k.* FROM old_keys k JOIN brought ON id = resource_id ON CONFLICT DO NOTHING;
SELECT 'brought back: ' || count(*) || ' orders' || coalesce(', ORD-' || min(number) || ' to ORD-' || max(number), '') FROM brought;
SELECT 'skipped because its key was used again: ORD-' || number || ', ' || id
FROM old_orders o WHERE NOT EXISTS (SELECT FROM orders WHERE orders.id = o.id) ORDER BY id;
COMMIT;
SQL
}

main "$@"
