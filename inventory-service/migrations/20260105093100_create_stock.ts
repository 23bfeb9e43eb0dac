import type { Knex } from 'knex';

/** The units of each product, and the ledger that explains them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    -- Every reservation updates a row here: half of each page is left free so that the update stays on it (HOT).
    CREATE TABLE stock_levels (
      sku      text COLLATE "C" NOT NULL,
      on_hand  bigint NOT NULL DEFAULT 0,
      reserved bigint NOT NULL DEFAULT 0,
      CONSTRAINT stock_levels_pkey PRIMARY KEY (sku),
      CONSTRAINT stock_levels_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku),
      CONSTRAINT stock_levels_never_oversold CHECK (reserved BETWEEN 0 AND on_hand),
      CONSTRAINT stock_levels_on_hand_limit CHECK (on_hand <= 9007199254740991)
    ) WITH (fillfactor = 50);
    COMMENT ON TABLE stock_levels IS 'Units per product. Every writer locks its rows in the order of sku; available is on_hand - reserved and never stored';
    COMMENT ON COLUMN stock_levels.on_hand IS 'Units physically in stock; the limit is the largest integer that JSON carries safely';
    COMMENT ON COLUMN stock_levels.reserved IS 'Units in held reservations';
    GRANT SELECT, INSERT, UPDATE ON stock_levels TO inventory_service;

    -- No foreign key to products: whoever writes here has the product's stock level locked, so it exists; checking it
    -- again would cost every reserved line a lookup and a row lock.
    CREATE TABLE stock_movements (
      id             bigint GENERATED ALWAYS AS IDENTITY,
      sku            text COLLATE "C" NOT NULL,
      kind           text NOT NULL,
      delta_on_hand  bigint NOT NULL,
      delta_reserved bigint NOT NULL,
      cause_id       uuid NOT NULL,
      actor          text NOT NULL,
      at             timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT stock_movements_pkey PRIMARY KEY (id),
      CONSTRAINT stock_movements_deltas_check CHECK (CASE kind
        WHEN 'adjusted'  THEN delta_on_hand <> 0 AND delta_reserved = 0
        WHEN 'held'      THEN delta_on_hand = 0 AND delta_reserved > 0
        WHEN 'released'  THEN delta_on_hand = 0 AND delta_reserved < 0
        WHEN 'fulfilled' THEN delta_on_hand < 0 AND delta_reserved = delta_on_hand
        ELSE false END)
    );
    CREATE INDEX stock_movements_sku_id_idx ON stock_movements (sku, id);
    COMMENT ON TABLE stock_movements IS 'Append-only ledger: per sku the sums of the deltas equal stock_levels at all times';
    COMMENT ON COLUMN stock_movements.id IS 'Taken while the stock level is locked, so that within a sku it grows in the order of the changes';
    COMMENT ON COLUMN stock_movements.cause_id IS 'The reservation (which is the order), or the adjustment';
    COMMENT ON COLUMN stock_movements.actor IS 'A client''s id, or the service that asked';
    COMMENT ON COLUMN stock_movements.at IS 'When the row was written, not when its transaction began: that may have waited for the lock';
    GRANT SELECT, INSERT ON stock_movements TO inventory_service;

    CREATE TABLE stock_adjustments (
      id                 uuid NOT NULL,
      sku                text COLLATE "C" NOT NULL,
      delta              bigint NOT NULL,
      reason             text NOT NULL,
      client_id          text NOT NULL,
      idempotency_key    text NOT NULL,
      fingerprint        bytea NOT NULL,
      product_name       text NOT NULL,
      product_updated_at timestamptz NOT NULL,
      on_hand_after      bigint NOT NULL,
      reserved_after     bigint NOT NULL,
      created_at         timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT stock_adjustments_pkey PRIMARY KEY (id),
      CONSTRAINT stock_adjustments_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku),
      CONSTRAINT stock_adjustments_once_per_key UNIQUE (client_id, idempotency_key),
      CONSTRAINT stock_adjustments_delta_check CHECK (delta <> 0 AND delta BETWEEN -1000000000 AND 1000000000)
    );
    COMMENT ON TABLE stock_adjustments IS 'Changes of on_hand by a person or an ERP. The unique key still prevents a second effect when the row in idempotency_keys is past its retention';
    COMMENT ON COLUMN stock_adjustments.fingerprint IS 'What was asked; another request under the same key is refused';
    COMMENT ON COLUMN stock_adjustments.product_name IS 'With the three next ones: the first answer, to be given again after the key''s retention';
    GRANT SELECT, INSERT ON stock_adjustments TO inventory_service;
  `);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE stock_adjustments, stock_movements, stock_levels');
}
