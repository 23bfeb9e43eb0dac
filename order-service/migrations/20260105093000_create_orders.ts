import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE SEQUENCE order_numbers;

    CREATE TABLE orders (
      id              uuid NOT NULL,
      number          bigint NOT NULL DEFAULT nextval('order_numbers'),
      client_id       text NOT NULL,
      customer_id     text NOT NULL,
      currency        text NOT NULL,
      status          text NOT NULL,
      first_outcome   text,
      rejection       jsonb,
      carrier         text,
      tracking_number text,
      cancellation    jsonb,
      version         integer NOT NULL DEFAULT 1,
      idempotency_key text NOT NULL,
      fingerprint     bytea NOT NULL,
      created_at      timestamptz NOT NULL,
      updated_at      timestamptz NOT NULL,
      awaiting        text,
      asks            smallint NOT NULL DEFAULT 0,
      ask_at          timestamptz,
      CONSTRAINT orders_pkey PRIMARY KEY (id),
      CONSTRAINT orders_number_key UNIQUE (number),
      -- The last lock against a second order for a key: it still holds when the key's own row is past its retention.
      CONSTRAINT orders_idempotency_key_key UNIQUE (client_id, idempotency_key),
      CONSTRAINT orders_status_check
        CHECK (status IN ('pending', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered')),
      CONSTRAINT orders_first_outcome_check CHECK ((first_outcome IS NULL) = (status = 'pending')),
      CONSTRAINT orders_first_outcome_values_check CHECK (first_outcome IN ('confirmed', 'rejected', 'cancelled')),
      CONSTRAINT orders_rejection_check CHECK ((rejection IS NOT NULL) = (status = 'rejected')),
      CONSTRAINT orders_shipment_check
        CHECK ((carrier IS NOT NULL AND tracking_number IS NOT NULL) = (status IN ('shipped', 'delivered'))),
      CONSTRAINT orders_awaiting_check CHECK (awaiting IN ('reservation', 'release', 'fulfilment')),
      CONSTRAINT orders_awaiting_pending_check CHECK (status <> 'pending' OR awaiting = 'reservation'),
      CONSTRAINT orders_ask_at_check CHECK ((awaiting IS NULL) = (ask_at IS NULL))
    ) WITH (fillfactor = 80);
    -- The only index whose predicate changes with an order: the completer would otherwise read the whole table.
    CREATE INDEX orders_awaiting_idx ON orders (ask_at) WHERE awaiting IS NOT NULL;
    CREATE INDEX orders_client_id_idx ON orders (client_id, id);
    CREATE INDEX orders_customer_id_idx ON orders (customer_id, id);
    COMMENT ON TABLE orders IS 'Orders of all clients';
    COMMENT ON COLUMN orders.id IS 'UUIDv7; also the id of the reservation at inventory-service';
    COMMENT ON COLUMN orders.first_outcome IS 'What became of the order when it left pending; never changes. An answer that is rebuilt after the key is gone follows it, not the status';
    COMMENT ON COLUMN orders.version IS 'Raised by one with each change of status; each such change is one event';
    COMMENT ON COLUMN orders.awaiting IS 'The answer of inventory-service that is still missing: reservation, release or fulfilment';
    COMMENT ON COLUMN orders.ask_at IS 'When the completer sends the command again';
    COMMENT ON COLUMN orders.asks IS 'Commands sent for the present wait';
    COMMENT ON COLUMN orders.fingerprint IS 'SHA-256 of the request that placed it, kept for repeats after the key is gone';

    -- No foreign key: lines and timeline are written by the statement that writes the order, and a check per line
    -- would cost a quarter of it.
    CREATE TABLE order_lines (
      order_id   uuid NOT NULL,
      position   integer NOT NULL,
      sku        text NOT NULL,
      quantity   integer NOT NULL,
      unit_price integer,
      CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, position),
      CONSTRAINT order_lines_quantity_check CHECK (quantity BETWEEN 1 AND 1000000),
      CONSTRAINT order_lines_unit_price_check CHECK (unit_price BETWEEN 0 AND 1000000000)
    );
    COMMENT ON TABLE order_lines IS 'What was ordered; never changes';
    COMMENT ON COLUMN order_lines.unit_price IS 'Integer minor units of the order''s currency';

    CREATE TABLE order_timeline (
      order_id       uuid NOT NULL,
      id             bigint GENERATED ALWAYS AS IDENTITY,
      type           text NOT NULL,
      at             timestamptz NOT NULL,
      actor          text NOT NULL,
      correlation_id text NOT NULL,
      detail         jsonb,
      CONSTRAINT order_timeline_pkey PRIMARY KEY (order_id, id),
      CONSTRAINT order_timeline_type_check
        CHECK (type IN ('placed', 'queued', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered'))
    );
    COMMENT ON TABLE order_timeline IS 'The story of each order: append-only, for the application role has no other right';

    GRANT USAGE ON SEQUENCE order_numbers TO order_service;
    GRANT SELECT, INSERT, UPDATE ON orders TO order_service;
    GRANT SELECT, INSERT ON order_lines, order_timeline TO order_service;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE order_timeline, order_lines, orders; DROP SEQUENCE order_numbers');
}
