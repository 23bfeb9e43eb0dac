-- The schema that the migrations of this service create. Written by "npm run schema"; a test fails if it differs.

CREATE SEQUENCE order_numbers AS bigint START WITH 1 INCREMENT BY 1;

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

CREATE TABLE order_changes (
  "position" bigint NOT NULL,
  order_id uuid NOT NULL,
  version integer NOT NULL,
  status text NOT NULL,
  at timestamp with time zone NOT NULL,
  sequenced_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT order_changes_pkey PRIMARY KEY ("position")
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE order_changes IS 'Every change of the status of an order, placing included, once. Kept for a day';
COMMENT ON COLUMN order_changes."position" IS 'Consecutive, in the order in which the changes became visible';
COMMENT ON COLUMN order_changes.at IS 'When the change was made';
COMMENT ON COLUMN order_changes.sequenced_at IS 'When it got its position. Rows are removed by age and by number';

CREATE TABLE order_changes_epochs (
  number integer NOT NULL,
  id text NOT NULL,
  begins_after bigint NOT NULL,
  origin text NOT NULL,
  began_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT order_changes_epochs_pkey PRIMARY KEY (number),
  CONSTRAINT order_changes_epochs_id_key UNIQUE (id)
);
COMMENT ON TABLE order_changes_epochs IS 'Positions of order_changes name their epoch. A restored database begins a new one, because it gives numbers out again';
COMMENT ON COLUMN order_changes_epochs.begins_after IS 'The last position when it began. Greater ones of earlier epochs are lost';
COMMENT ON COLUMN order_changes_epochs.origin IS 'Server, database, table and timeline in which it began';

CREATE TABLE order_changes_queue (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  order_id uuid NOT NULL,
  version integer NOT NULL,
  status text NOT NULL,
  at timestamp with time zone NOT NULL,
  CONSTRAINT order_changes_queue_pkey PRIMARY KEY (id)
) WITH (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 10000
);
COMMENT ON TABLE order_changes_queue IS 'Changes without a position, written with the change itself. The sequencer moves them to order_changes';
COMMENT ON COLUMN order_changes_queue.id IS 'Has gaps, and is visible out of order; within one subject it grows';

CREATE TABLE order_lines (
  order_id uuid NOT NULL,
  "position" integer NOT NULL,
  sku text NOT NULL,
  quantity integer NOT NULL,
  unit_price integer,
  CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, "position"),
  CONSTRAINT order_lines_quantity_check CHECK (quantity >= 1 AND quantity <= 1000000),
  CONSTRAINT order_lines_unit_price_check CHECK (unit_price >= 0 AND unit_price <= 1000000000)
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX order_lines_sku_idx ON order_lines USING btree (sku COLLATE "C", order_id);
COMMENT ON TABLE order_lines IS 'What was ordered; never changes';
COMMENT ON COLUMN order_lines.unit_price IS 'Integer minor units of the order''s currency';

CREATE TABLE order_timeline (
  order_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  type text NOT NULL,
  at timestamp with time zone NOT NULL,
  actor text NOT NULL,
  correlation_id text NOT NULL,
  detail jsonb,
  trace_id text,
  CONSTRAINT order_timeline_pkey PRIMARY KEY (order_id, id),
  CONSTRAINT order_timeline_type_check CHECK (type = ANY (ARRAY['placed'::text, 'queued'::text, 'confirmed'::text, 'rejected'::text, 'cancelled'::text, 'shipped'::text, 'delivered'::text]))
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE order_timeline IS 'The story of each order: append-only, for the application role has no other right';
COMMENT ON COLUMN order_timeline.trace_id IS 'The trace in which the step was taken. Null: it has the id of the request, correlation_id.';

CREATE TABLE orders (
  id uuid NOT NULL,
  number bigint DEFAULT nextval('order_numbers'::regclass) NOT NULL,
  client_id text NOT NULL,
  customer_id text NOT NULL,
  currency text NOT NULL,
  status text NOT NULL,
  first_outcome text,
  rejection jsonb,
  carrier text,
  tracking_number text,
  cancellation jsonb,
  version integer DEFAULT 1 NOT NULL,
  idempotency_key text NOT NULL,
  fingerprint bytea NOT NULL,
  created_at timestamp with time zone NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  awaiting text,
  asks smallint DEFAULT 0 NOT NULL,
  ask_at timestamp with time zone,
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_idempotency_key_key UNIQUE (client_id, idempotency_key),
  CONSTRAINT orders_number_key UNIQUE (number),
  CONSTRAINT orders_ask_at_check CHECK ((awaiting IS NULL) = (ask_at IS NULL)),
  CONSTRAINT orders_awaiting_check CHECK (awaiting = ANY (ARRAY['reservation'::text, 'release'::text, 'fulfilment'::text])),
  CONSTRAINT orders_awaiting_pending_check CHECK (status <> 'pending'::text OR awaiting = 'reservation'::text),
  CONSTRAINT orders_first_outcome_check CHECK ((first_outcome IS NULL) = (status = 'pending'::text)),
  CONSTRAINT orders_first_outcome_values_check CHECK (first_outcome = ANY (ARRAY['confirmed'::text, 'rejected'::text, 'cancelled'::text])),
  CONSTRAINT orders_rejection_check CHECK ((rejection IS NOT NULL) = (status = 'rejected'::text)),
  CONSTRAINT orders_shipment_check CHECK ((carrier IS NOT NULL AND tracking_number IS NOT NULL) = (status = ANY (ARRAY['shipped'::text, 'delivered'::text]))),
  CONSTRAINT orders_status_check CHECK (status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'rejected'::text, 'cancelled'::text, 'shipped'::text, 'delivered'::text]))
) WITH (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX orders_awaiting_idx ON orders USING btree (ask_at) WHERE awaiting IS NOT NULL;
CREATE INDEX orders_client_idx ON orders USING btree (client_id COLLATE "C", id);
CREATE INDEX orders_customer_id_idx ON orders USING btree (customer_id, id);
COMMENT ON TABLE orders IS 'Orders of all clients';
COMMENT ON COLUMN orders.id IS 'UUIDv7; also the id of the reservation at inventory-service';
COMMENT ON COLUMN orders.first_outcome IS 'What became of the order when it left pending; never changes. An answer that is rebuilt after the key is gone follows it, not the status';
COMMENT ON COLUMN orders.version IS 'Raised by one with each change of status; each such change is one event';
COMMENT ON COLUMN orders.fingerprint IS 'SHA-256 of the request that placed it, kept for repeats after the key is gone';
COMMENT ON COLUMN orders.awaiting IS 'The answer of inventory-service that is still missing: reservation, release or fulfilment';
COMMENT ON COLUMN orders.asks IS 'Commands sent for the present wait';
COMMENT ON COLUMN orders.ask_at IS 'When the completer sends the command again';

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

CREATE TABLE reconciliation_horizon (
  one boolean DEFAULT true NOT NULL,
  "position" uuid NOT NULL,
  CONSTRAINT reconciliation_horizon_pkey PRIMARY KEY (one),
  CONSTRAINT reconciliation_horizon_one_check CHECK (one)
);
COMMENT ON TABLE reconciliation_horizon IS 'Up to this order all were compared with their reservations; those that may still change are in reconciliation_open';

CREATE TABLE reconciliation_open (
  id uuid NOT NULL,
  seen_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT reconciliation_open_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE reconciliation_open IS 'Orders behind the horizon that every comparison looks at: not closed, or known to differ. There may be more, never fewer';

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

GRANT INSERT, SELECT, UPDATE ON TABLE dead_letters TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE idempotency_keys TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE inbox_messages TO order_service;
GRANT DELETE, INSERT, SELECT ON TABLE order_changes TO order_service;
GRANT INSERT, SELECT ON TABLE order_changes_epochs TO order_service;
GRANT DELETE, INSERT, SELECT ON TABLE order_changes_queue TO order_service;
GRANT INSERT, SELECT ON TABLE order_lines TO order_service;
GRANT USAGE ON SEQUENCE order_numbers TO order_service;
GRANT INSERT, SELECT ON TABLE order_timeline TO order_service;
GRANT INSERT, SELECT, UPDATE ON TABLE orders TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE outbox_messages TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_horizon TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_open TO order_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_runs TO order_service;
