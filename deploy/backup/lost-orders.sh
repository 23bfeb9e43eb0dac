#!/usr/bin/env bash
# List the reservations whose orders are missing in a restored order-db; see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=connection.sh
. "$here/connection.sh"

usage() {
  cat <<'TEXT'
Usage: lost-orders.sh              list them as CSV
       lost-orders.sh --release    list them, and release the stock of held ones
       lost-orders.sh --record     list them, and write an order for each fulfilled one

Used after a restore of only the database of order-service (docs/restore.md). Each line is a lost order that had been accepted,
and of which only the reservation exists, held or fulfilled (shipped).

  possible_repeats    later orders of the same products and quantities. A client that repeated the request of the lost order
                      with its old key has created a new order: if the lost one is fulfilled, ask the client before you ship
                      the new one.

--release writes a reservation.release for each held one into the outbox of order-service, which publishes it when it runs.

--record is the last step: it writes a shipped order of the client "restored" for each fulfilled one, so that the services
are consistent again. The customer, the price and the shipment are lost, and recorded as "unknown".

  ORDER_DB_URL, INVENTORY_DB_URL   of the owners or of superusers (or …_FILE, see backup.sh --help)
TEXT
}

main() {
  local release=false record=false
  case "$*" in
    '') ;;
    --release) release=true ;;
    --record) record=true ;;
    -h | --help) usage; return ;;
    *) wrong_usage "\"$*\" is not understood" ;;
  esac
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # The reservations first: an order is written before its reservation, so an order missing afterwards is lost.
  (connect inventory && sql 2>"$work/log" >"$work/reservations" <<'SQL'
COPY (
  SELECT r.id, r.state, r.updated_at, r.created_at, string_agg(l.sku || ' x' || l.quantity, '; ' ORDER BY l.sku)
  FROM reservations r JOIN reservation_lines l ON l.reservation_id = r.id
  WHERE r.state IN ('held', 'fulfilled') GROUP BY r.id
) TO STDOUT
SQL
  ) || {
    [[ -s $work/log ]] || exit 1 # `connect` has printed the cause
    fail "the reservations could not be read: $(last_words "$work/log")"
  }
  connect orders
  sql --set=release="$release" --set=record="$record" 2>"$work/log" <<SQL || fail "nothing was changed: $(last_words "$work/log")"
BEGIN;
CREATE TEMPORARY TABLE reserved (id uuid, state text, at timestamptz, created_at timestamptz, lines text) ON COMMIT DROP;
\copy reserved FROM '$work/reservations'
CREATE TEMPORARY TABLE lost ON COMMIT DROP AS
  SELECT * FROM reserved r WHERE NOT EXISTS (SELECT FROM orders o WHERE o.id = r.id);
CREATE TEMPORARY TABLE later ON COMMIT DROP AS
  SELECT o.id, 'ORD-' || o.number || ' ' || o.status AS name,
    (SELECT string_agg(d.sku || ' x' || d.units, '; ' ORDER BY d.sku COLLATE "C")
     FROM (SELECT sku, sum(quantity) AS units FROM order_lines l WHERE l.order_id = o.id GROUP BY sku) d) AS lines
  FROM orders o WHERE o.id > (SELECT id FROM lost ORDER BY id LIMIT 1);
COPY (
  SELECT l.id AS lost_order, l.state AS reservation, l.at, l.lines,
    (SELECT string_agg(o.name, '; ' ORDER BY o.id) FROM later o WHERE o.id > l.id AND o.lines = l.lines) AS possible_repeats
  FROM lost l ORDER BY l.id
) TO STDOUT WITH (FORMAT csv, HEADER);
-- No second command if one is still unsent. (A second one would have no effect.)
INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
SELECT m.id, 'inventory_exchange', 'reservation.release.v1', true, l.id, json_build_object(
  'id', m.id, 'type', 'reservation.release', 'version', 1, 'producer', 'order-service',
  'occurredAt', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'correlationId', 'restore-' || l.id, 'payload', json_build_object('reservationId', l.id))::text
FROM lost l CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id WHERE l.id IS NOT NULL) m
WHERE :release AND l.state = 'held'
  AND NOT EXISTS (SELECT FROM outbox_messages o WHERE o.mandatory AND o.subject_id = l.id);
CREATE TEMPORARY TABLE recorded ON COMMIT DROP AS SELECT * FROM lost WHERE :record AND state = 'fulfilled' ORDER BY id;
INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, carrier, tracking_number, version,
  idempotency_key, fingerprint, created_at, updated_at)
SELECT id, 'restored', 'unknown', 'XXX', 'shipped', 'confirmed', 'unknown', 'unknown', 3, id::text, '', created_at, at
FROM recorded ORDER BY recorded.id;
INSERT INTO order_lines (order_id, position, sku, quantity)
SELECT id, position - 1, split_part(line, ' x', 1), split_part(line, ' x', 2)::integer
FROM recorded, string_to_table(lines, '; ') WITH ORDINALITY AS l (line, position);
INSERT INTO order_timeline (order_id, type, at, actor, correlation_id)
SELECT id, type, at, 'restored', 'restore-' || id
FROM (SELECT id, 'placed' AS type, created_at AS at FROM recorded UNION ALL SELECT id, 'shipped', at FROM recorded) t
ORDER BY id, at;
COMMIT;
SQL
}

main "$@"
