-- The schema that the migrations of this service create. Written by "npm run schema"; a test fails if it differs.

CREATE TABLE dead_letters (
  id uuid NOT NULL,
  queue text NOT NULL,
  type text NOT NULL,
  reason text NOT NULL,
  group_key text GENERATED ALWAYS AS ((((queue || ':'::text) || type) || ':'::text) || reason) STORED NOT NULL,
  status text DEFAULT 'open'::text NOT NULL,
  attempts integer NOT NULL,
  history json[] NOT NULL,
  replays integer DEFAULT 0 NOT NULL,
  message_id text NOT NULL,
  subject_id uuid,
  routing_key text NOT NULL,
  headers json NOT NULL,
  traceparent text,
  body text NOT NULL,
  body_digest bytea NOT NULL,
  actor text,
  discard_reason text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  arrived_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deliveries integer DEFAULT 0 NOT NULL,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
  CONSTRAINT dead_letters_message_key UNIQUE (queue, message_id, body_digest),
  CONSTRAINT dead_letters_actor_check CHECK (status = 'open'::text OR actor IS NOT NULL),
  CONSTRAINT dead_letters_attempts_check CHECK (attempts >= 0),
  CONSTRAINT dead_letters_discard_reason_check CHECK ((discard_reason IS NOT NULL) = (status = 'discarded'::text)),
  CONSTRAINT dead_letters_status_check CHECK (status = ANY (ARRAY['open'::text, 'replayed'::text, 'discarded'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX dead_letters_group_key_idx ON dead_letters USING btree (group_key, status, id);
CREATE INDEX dead_letters_status_idx ON dead_letters USING btree (status, id);
CREATE INDEX dead_letters_subject_id_idx ON dead_letters USING btree (subject_id, id) WHERE subject_id IS NOT NULL;
COMMENT ON TABLE dead_letters IS 'Messages that could not be handled, taken out of their dead-letter queue for people to replay or discard. Never deleted';
COMMENT ON COLUMN dead_letters.group_key IS 'What is probably one fault: the same queue, type and reason';
COMMENT ON COLUMN dead_letters.status IS 'open: somebody has to decide; replayed: sent to its queue again, and open again if it dies there; discarded: given up, for discard_reason';
COMMENT ON COLUMN dead_letters.attempts IS 'Failed attempts to handle it, those after replays included';
COMMENT ON COLUMN dead_letters.history IS 'Oldest first: failed (an attempt, with its error), dead-lettered, replayed, discarded; each with its time';
COMMENT ON COLUMN dead_letters.replays IS 'How often it was replayed. The replayed message carries the number, so that an older copy which arrives late is told from one that is poison again';
COMMENT ON COLUMN dead_letters.message_id IS 'As the broker had it; a message that came without one has a made-up name that begins with unnamed-';
COMMENT ON COLUMN dead_letters.subject_id IS 'The order or reservation that the message speaks of, as far as it can be read';
COMMENT ON COLUMN dead_letters.routing_key IS 'Of the delivery from the dead-letter queue, or of the first publish where the broker tells it';
COMMENT ON COLUMN dead_letters.body IS 'As its consumer read it: bytes that are no UTF-8, and NUL, are U+FFFD';
COMMENT ON COLUMN dead_letters.body_digest IS 'SHA-256 of body: two messages may have come under one message_id';
COMMENT ON COLUMN dead_letters.actor IS 'The client that replayed or discarded it last';
COMMENT ON COLUMN dead_letters.arrived_at IS 'When it last came out of the dead-letter queue';
COMMENT ON COLUMN dead_letters.deliveries IS 'How often the broker had delivered it before; one that comes with the same headers and more is the same letter again';

CREATE TABLE idempotency_keys (
  client_id text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  state text NOT NULL,
  resource_id uuid,
  token integer DEFAULT 1 NOT NULL,
  lease_until timestamp with time zone,
  status smallint,
  location text,
  body text,
  replays integer DEFAULT 0 NOT NULL,
  replayed_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (client_id, key),
  CONSTRAINT idempotency_keys_answer_check CHECK (state <> 'completed'::text OR status IS NOT NULL AND body IS NOT NULL),
  CONSTRAINT idempotency_keys_state_check CHECK (state = ANY (ARRAY['running'::text, 'accepted'::text, 'completed'::text]))
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys USING btree (created_at);
COMMENT ON TABLE idempotency_keys IS 'One row per client and Idempotency-Key: what was asked, and the first final answer';
COMMENT ON COLUMN idempotency_keys.state IS 'running: a process works on it under a lease; accepted: 202 was given, a message will settle it; completed: the answer is stored';
COMMENT ON COLUMN idempotency_keys.resource_id IS 'The order that the first request made; a takeover resumes with it';
COMMENT ON COLUMN idempotency_keys.token IS 'Fencing token: raised by each takeover, so that a process that lost its lease cannot complete the key';

CREATE TABLE inbox_messages (
  message_id uuid NOT NULL,
  queue text NOT NULL,
  received_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT inbox_messages_pkey PRIMARY KEY (message_id, queue)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX inbox_messages_received_at ON inbox_messages USING btree (received_at);
COMMENT ON TABLE inbox_messages IS 'Messages whose effect has committed, in the transaction of that effect. One that arrives again is dropped.';
COMMENT ON COLUMN inbox_messages.queue IS 'Where it was taken from. Part of the key: another queue of the service gets messages of its own, under the same ids';

CREATE TABLE outbox_messages (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  message_id uuid NOT NULL,
  exchange text NOT NULL,
  routing_key text NOT NULL,
  mandatory boolean NOT NULL,
  subject_id uuid,
  body text NOT NULL,
  traceparent text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  claimed_until timestamp with time zone,
  headers json,
  CONSTRAINT outbox_messages_pkey PRIMARY KEY (id)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 10000
);
CREATE INDEX outbox_messages_commands ON outbox_messages USING btree (id) WHERE mandatory;
CREATE INDEX outbox_messages_unsent_commands ON outbox_messages USING btree (subject_id) WHERE mandatory;
COMMENT ON TABLE outbox_messages IS 'Messages to publish, written with the change that they tell of. The relay deletes a row after the broker has confirmed it.';
COMMENT ON COLUMN outbox_messages.message_id IS 'The id in the envelope. Not unique: a message may be sent again, for example when a dead letter is replayed.';
COMMENT ON COLUMN outbox_messages.exchange IS 'Where to publish. Empty (the default exchange) with a queue''s name as routing_key: to that queue alone.';
COMMENT ON COLUMN outbox_messages.mandatory IS 'Whether the row must be kept until some queue takes it. Events that nobody listens to are no error.';
COMMENT ON COLUMN outbox_messages.subject_id IS 'The order or reservation that the message speaks of; null for stock.';
COMMENT ON COLUMN outbox_messages.body IS 'The whole envelope as JSON, exactly as it will travel.';
COMMENT ON COLUMN outbox_messages.traceparent IS 'W3C trace context of the request that caused the message.';
COMMENT ON COLUMN outbox_messages.claimed_until IS 'No relay touches the row before this time: no queue took it the last time, or one refused it';
COMMENT ON COLUMN outbox_messages.headers IS 'Headers beside the trace context; null: none';

CREATE TABLE products (
  sku text COLLATE "C" NOT NULL,
  name text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT products_pkey PRIMARY KEY (sku),
  CONSTRAINT products_name_check CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  CONSTRAINT products_sku_check CHECK (sku ~ '^[A-Za-z0-9._-]{1,64}$'::text)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE products IS 'What can be ordered. A product is never deleted: orders and the ledger name it for ever';
COMMENT ON COLUMN products.sku IS 'In byte order (COLLATE "C"), so that lists, cursors and the order of locks agree with the code';
COMMENT ON COLUMN products.updated_at IS 'Last change of the name; what happens to the stock is told by stock_movements';

CREATE TABLE reconciliation_runs (
  id uuid NOT NULL,
  status text DEFAULT 'running'::text NOT NULL,
  requested_by text,
  started_at timestamp with time zone DEFAULT now() NOT NULL,
  lease_until timestamp with time zone,
  finished_at timestamp with time zone,
  error text,
  checked jsonb DEFAULT '{}'::jsonb NOT NULL,
  kinds jsonb DEFAULT '{}'::jsonb NOT NULL,
  repaired integer DEFAULT 0 NOT NULL,
  mismatches json DEFAULT '[]'::json NOT NULL,
  is_full boolean DEFAULT true NOT NULL,
  CONSTRAINT reconciliation_runs_pkey PRIMARY KEY (id),
  CONSTRAINT reconciliation_runs_error_check CHECK ((error IS NOT NULL) = (status = 'failed'::text)),
  CONSTRAINT reconciliation_runs_finished_check CHECK ((finished_at IS NULL) = (status = 'running'::text)),
  CONSTRAINT reconciliation_runs_lease_check CHECK ((lease_until IS NOT NULL) = (status = 'running'::text)),
  CONSTRAINT reconciliation_runs_status_check CHECK (status = ANY (ARRAY['running'::text, 'finished'::text, 'failed'::text]))
);
CREATE UNIQUE INDEX reconciliation_runs_running_key ON reconciliation_runs USING btree ((true)) WHERE status = 'running'::text;
COMMENT ON TABLE reconciliation_runs IS 'Comparisons of what must agree, the latest hundred and the latest one that finished';
COMMENT ON COLUMN reconciliation_runs.status IS 'running: under lease_until; finished: everything was compared; failed: for the reason in error, and says nothing of what agrees';
COMMENT ON COLUMN reconciliation_runs.requested_by IS 'The client that asked for it; null: its time had come';
COMMENT ON COLUMN reconciliation_runs.lease_until IS 'Renewed while its process lives; past it, the run counts as failed and another may begin';
COMMENT ON COLUMN reconciliation_runs.checked IS 'How many of what were compared';
COMMENT ON COLUMN reconciliation_runs.kinds IS 'How many mismatches of each kind were found; those without any are absent';
COMMENT ON COLUMN reconciliation_runs.repaired IS 'For how many of them the lost command was written again';
COMMENT ON COLUMN reconciliation_runs.mismatches IS 'The first ones: [{kind, subject, expected, found, because, proposal, repaired}]';
COMMENT ON COLUMN reconciliation_runs.is_full IS 'Everything was compared; if not, what is new, open or known to differ';

CREATE TABLE reconciliation_sums (
  sku text COLLATE "C" NOT NULL,
  last_id bigint NOT NULL,
  on_hand numeric NOT NULL,
  reserved numeric NOT NULL,
  CONSTRAINT reconciliation_sums_pkey PRIMARY KEY (sku)
);
COMMENT ON TABLE reconciliation_sums IS 'What the ledger of each SKU added up to at the last comparison, up to the movement last_id';

CREATE TABLE reservation_lines (
  reservation_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  quantity integer NOT NULL,
  CONSTRAINT reservation_lines_pkey PRIMARY KEY (reservation_id, sku),
  CONSTRAINT reservation_lines_quantity_check CHECK (quantity > 0)
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE reservation_lines IS 'What was asked for, one row per sku; never changed. The lines of a rejected reservation are kept to recognise a repeat';
COMMENT ON COLUMN reservation_lines.sku IS 'No foreign key: a rejected reservation may name a product that does not exist';

CREATE TABLE reservations (
  id uuid NOT NULL,
  state text NOT NULL,
  shortages jsonb,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT reservations_pkey PRIMARY KEY (id),
  CONSTRAINT reservations_shortages_check CHECK ((state = 'rejected'::text) = (shortages IS NOT NULL)),
  CONSTRAINT reservations_state_check CHECK (state = ANY (ARRAY['held'::text, 'fulfilled'::text, 'released'::text, 'rejected'::text]))
) WITH (
  fillfactor = 85,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE reservations IS 'One row per order that was asked for; it never goes away, so the same id always gets the same answer';
COMMENT ON COLUMN reservations.id IS 'The order''s id, chosen by order-service';
COMMENT ON COLUMN reservations.state IS 'held -> fulfilled | released; rejected and released are also first states. A released row without lines is a tombstone: the release came before the request';
COMMENT ON COLUMN reservations.shortages IS 'Why it was rejected: [{sku, requested, available, reason}]';

CREATE TABLE stock_adjustments (
  id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  delta bigint NOT NULL,
  reason text NOT NULL,
  client_id text NOT NULL,
  idempotency_key text NOT NULL,
  fingerprint bytea NOT NULL,
  product_name text NOT NULL,
  product_updated_at timestamp with time zone NOT NULL,
  on_hand_after bigint NOT NULL,
  reserved_after bigint NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT stock_adjustments_pkey PRIMARY KEY (id),
  CONSTRAINT stock_adjustments_once_per_key UNIQUE (client_id, idempotency_key),
  CONSTRAINT stock_adjustments_delta_check CHECK (delta <> 0 AND delta >= '-1000000000'::integer AND delta <= 1000000000)
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE stock_adjustments IS 'Changes of on_hand by a person or an ERP. The unique key still prevents a second effect when the row in idempotency_keys is past its retention';
COMMENT ON COLUMN stock_adjustments.fingerprint IS 'What was asked; another request under the same key is refused';
COMMENT ON COLUMN stock_adjustments.product_name IS 'With the three next ones: the first answer, to be given again after the key''s retention';

CREATE TABLE stock_levels (
  sku text COLLATE "C" NOT NULL,
  on_hand bigint DEFAULT 0 NOT NULL,
  reserved bigint DEFAULT 0 NOT NULL,
  CONSTRAINT stock_levels_pkey PRIMARY KEY (sku),
  CONSTRAINT stock_levels_never_oversold CHECK (reserved >= 0 AND reserved <= on_hand),
  CONSTRAINT stock_levels_on_hand_limit CHECK (on_hand <= '9007199254740991'::bigint)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE stock_levels IS 'Units per product. Every writer locks its rows in the order of sku; available is on_hand - reserved and never stored';
COMMENT ON COLUMN stock_levels.on_hand IS 'Units physically in stock; the limit is the largest integer that JSON carries safely';
COMMENT ON COLUMN stock_levels.reserved IS 'Units in held reservations';

CREATE TABLE stock_movements (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  sku text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  delta_on_hand bigint NOT NULL,
  delta_reserved bigint NOT NULL,
  cause_id uuid NOT NULL,
  actor text NOT NULL,
  at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT stock_movements_pkey PRIMARY KEY (id),
  CONSTRAINT stock_movements_deltas_check CHECK (
CASE kind
    WHEN 'adjusted'::text THEN delta_on_hand <> 0 AND delta_reserved = 0
    WHEN 'held'::text THEN delta_on_hand = 0 AND delta_reserved > 0
    WHEN 'released'::text THEN delta_on_hand = 0 AND delta_reserved < 0
    WHEN 'fulfilled'::text THEN delta_on_hand < 0 AND delta_reserved = delta_on_hand
    ELSE false
END)
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX stock_movements_sku_id_idx ON stock_movements USING btree (sku, id);
COMMENT ON TABLE stock_movements IS 'Append-only ledger: per sku the sums of the deltas equal stock_levels at all times';
COMMENT ON COLUMN stock_movements.id IS 'Taken while the stock level is locked, so that within a sku it grows in the order of the changes';
COMMENT ON COLUMN stock_movements.cause_id IS 'The reservation (which is the order), or the adjustment';
COMMENT ON COLUMN stock_movements.actor IS 'A client''s id, or the service that asked';
COMMENT ON COLUMN stock_movements.at IS 'When the row was written, not when its transaction began: that may have waited for the lock';

ALTER TABLE stock_adjustments ADD CONSTRAINT stock_adjustments_sku_fkey FOREIGN KEY (sku) REFERENCES products(sku);

ALTER TABLE stock_levels ADD CONSTRAINT stock_levels_sku_fkey FOREIGN KEY (sku) REFERENCES products(sku);

GRANT INSERT, SELECT, UPDATE ON TABLE dead_letters TO inventory_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE idempotency_keys TO inventory_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE inbox_messages TO inventory_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE outbox_messages TO inventory_service;
GRANT INSERT, SELECT, UPDATE ON TABLE products TO inventory_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_runs TO inventory_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_sums TO inventory_service;
GRANT INSERT, SELECT ON TABLE reservation_lines TO inventory_service;
GRANT INSERT, SELECT, UPDATE ON TABLE reservations TO inventory_service;
GRANT INSERT, SELECT ON TABLE stock_adjustments TO inventory_service;
GRANT INSERT, SELECT, UPDATE ON TABLE stock_levels TO inventory_service;
GRANT INSERT, SELECT ON TABLE stock_movements TO inventory_service;
