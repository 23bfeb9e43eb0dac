CREATE TABLE orders (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  client_id   text NOT NULL,
  customer_id text NOT NULL,
  currency    text NOT NULL,
  status      text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_created_at_idx ON orders (client_id, created_at);

CREATE TABLE order_items (
  order_id uuid NOT NULL REFERENCES orders (id),
  position integer NOT NULL,
  sku      text NOT NULL,
  quantity integer NOT NULL,
  PRIMARY KEY (order_id, position)
);

CREATE TABLE idempotency_keys (
  client_id  text NOT NULL,
  key        text NOT NULL,
  status     integer NOT NULL,
  body       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (client_id, key)
);
