CREATE TABLE stock (
  sku      text PRIMARY KEY,
  on_hand  integer NOT NULL,
  reserved integer NOT NULL DEFAULT 0
);

CREATE TABLE reservations (
  order_id   uuid NOT NULL,
  sku        text NOT NULL REFERENCES stock (sku),
  quantity   integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, sku)
);
