import type { Knex } from 'knex';

/** Units set aside for orders. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    -- No index contains state: it changes once in every reservation's life, and that update should touch no index.
    CREATE TABLE reservations (
      id         uuid NOT NULL,
      state      text NOT NULL,
      shortages  jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT reservations_pkey PRIMARY KEY (id),
      CONSTRAINT reservations_state_check CHECK (state IN ('held', 'fulfilled', 'released', 'rejected')),
      CONSTRAINT reservations_shortages_check CHECK ((state = 'rejected') = (shortages IS NOT NULL))
    ) WITH (fillfactor = 85);
    COMMENT ON TABLE reservations IS 'One row per order that was asked for; it never goes away, so the same id always gets the same answer';
    COMMENT ON COLUMN reservations.id IS 'The order''s id, chosen by order-service';
    COMMENT ON COLUMN reservations.state IS 'held -> fulfilled | released; rejected and released are also first states. A released row without lines is a tombstone: the release came before the request';
    COMMENT ON COLUMN reservations.shortages IS 'Why it was rejected: [{sku, requested, available, reason}]';
    GRANT SELECT, INSERT, UPDATE ON reservations TO inventory_service;

    -- No foreign key to reservations: the two are only ever written by one statement, nobody may delete them, and a check
    -- per line made reserving a tenth (in batches) to a half (alone) slower.
    CREATE TABLE reservation_lines (
      reservation_id uuid NOT NULL,
      sku            text COLLATE "C" NOT NULL,
      quantity       integer NOT NULL,
      CONSTRAINT reservation_lines_pkey PRIMARY KEY (reservation_id, sku),
      CONSTRAINT reservation_lines_quantity_check CHECK (quantity > 0)
    );
    COMMENT ON TABLE reservation_lines IS 'What was asked for, one row per sku; never changed. The lines of a rejected reservation are kept to recognise a repeat';
    COMMENT ON COLUMN reservation_lines.sku IS 'No foreign key: a rejected reservation may name a product that does not exist';
    GRANT SELECT, INSERT ON reservation_lines TO inventory_service;
  `);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE reservation_lines, reservations');
}
