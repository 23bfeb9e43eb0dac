import type { Knex } from 'knex';

/** What can be ordered. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE products (
      sku        text COLLATE "C" NOT NULL,
      name       text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT products_pkey PRIMARY KEY (sku),
      CONSTRAINT products_sku_check CHECK (sku ~ '^[A-Za-z0-9._-]{1,64}$'),
      CONSTRAINT products_name_check CHECK (char_length(name) BETWEEN 1 AND 200)
    );
    COMMENT ON TABLE products IS 'What can be ordered. A product is never deleted: orders and the ledger name it for ever';
    COMMENT ON COLUMN products.sku IS 'In byte order (COLLATE "C"), so that lists, cursors and the order of locks agree with the code';
    COMMENT ON COLUMN products.updated_at IS 'Last change of the name; what happens to the stock is told by stock_movements';
    GRANT SELECT, INSERT, UPDATE ON products TO inventory_service;
  `);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE products');
}
