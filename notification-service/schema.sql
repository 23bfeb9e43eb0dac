-- The schema that the migrations of this service create. Written by "npm run schema"; a test fails if it differs.

CREATE TABLE attempts (
  id uuid NOT NULL,
  notification_id uuid NOT NULL,
  outcome text,
  detail text,
  started_at timestamp with time zone DEFAULT now() NOT NULL,
  ended_at timestamp with time zone,
  CONSTRAINT attempts_pkey PRIMARY KEY (id),
  CONSTRAINT attempts_ended_at_check CHECK ((outcome IS NULL) = (ended_at IS NULL)),
  CONSTRAINT attempts_outcome_check CHECK (outcome = ANY (ARRAY['sent'::text, 'refused'::text, 'deferred'::text, 'lost'::text, 'unknown'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX attempts_notification_id_idx ON attempts USING btree (notification_id, started_at);
COMMENT ON TABLE attempts IS 'Each attempt to hand a notification over. The row is written before the attempt begins';
COMMENT ON COLUMN attempts.id IS 'The claim of the notification';
COMMENT ON COLUMN attempts.outcome IS 'Null: under way, or the process died';
COMMENT ON COLUMN attempts.detail IS 'The answer of the server, without mail addresses';

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

CREATE TABLE forgotten_recipients (
  recipient text NOT NULL,
  forgotten_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT forgotten_recipients_pkey PRIMARY KEY (recipient)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX forgotten_recipients_forgotten_at_idx ON forgotten_recipients USING btree (forgotten_at);
COMMENT ON TABLE forgotten_recipients IS 'Ids of deleted accounts, so that an event that comes late queues nothing for them';

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

CREATE TABLE notifications (
  id uuid NOT NULL,
  event_id uuid NOT NULL,
  template text NOT NULL,
  recipient text,
  subject_id uuid NOT NULL,
  message_id text NOT NULL,
  state text DEFAULT 'queued'::text NOT NULL,
  reason text,
  deferrals integer DEFAULT 0 NOT NULL,
  sent_again boolean DEFAULT false NOT NULL,
  claim uuid,
  due_at timestamp with time zone,
  correlation_id text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT notifications_pkey PRIMARY KEY (id),
  CONSTRAINT notifications_event_id_key UNIQUE (event_id, template, recipient),
  CONSTRAINT notifications_deferrals_check CHECK (deferrals >= 0),
  CONSTRAINT notifications_due_at_check CHECK (
CASE
    WHEN state = ANY (ARRAY['queued'::text, 'sending'::text]) THEN due_at IS NOT NULL
    WHEN state = 'unknown'::text THEN true
    ELSE due_at IS NULL
END),
  CONSTRAINT notifications_state_check CHECK (state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'suppressed'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX notifications_due_at_idx ON notifications USING btree (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_recipient_idx ON notifications USING btree (recipient);
CREATE INDEX notifications_state_idx ON notifications USING btree (state, id);
CREATE INDEX notifications_state_template_idx ON notifications USING btree (state, template, id);
CREATE INDEX notifications_template_idx ON notifications USING btree (template, id);
CREATE INDEX notifications_unknown_idx ON notifications USING btree (updated_at) WHERE state = 'unknown'::text;
CREATE INDEX notifications_updated_at_idx ON notifications USING btree (updated_at);
COMMENT ON TABLE notifications IS 'One row per event, template and recipient: a repeated event sends nothing again';
COMMENT ON COLUMN notifications.recipient IS 'Id of the account, whose mail address is read when the mail is sent, and stored nowhere. Null: the account was deleted';
COMMENT ON COLUMN notifications.subject_id IS 'What it is about: the id of the mail at account-service';
COMMENT ON COLUMN notifications.message_id IS 'Message-ID of the mail, the same in each attempt';
COMMENT ON COLUMN notifications.state IS 'queued: to be sent at due_at; sending: committed before the mail is handed over; sent: the server took it; failed: it never will; unknown: it may have been sent; suppressed: not needed any more';
COMMENT ON COLUMN notifications.reason IS 'Why it is failed, unknown or suppressed';
COMMENT ON COLUMN notifications.deferrals IS 'Attempts that the server deferred, or that ended before the mail was handed over; they determine the next delay';
COMMENT ON COLUMN notifications.sent_again IS 'Whether it was unknown and has been sent once more';
COMMENT ON COLUMN notifications.claim IS 'The latest attempt. Only this one may change the row';
COMMENT ON COLUMN notifications.due_at IS 'When a process takes it next: to send it or, while a process holds it, because that one must have died. Null: nothing follows by itself';

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

ALTER TABLE attempts ADD CONSTRAINT attempts_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES notifications(id) ON DELETE CASCADE;

GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE attempts TO notification_service;
GRANT INSERT, SELECT, UPDATE ON TABLE dead_letters TO notification_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE forgotten_recipients TO notification_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE idempotency_keys TO notification_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE inbox_messages TO notification_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE notifications TO notification_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE outbox_messages TO notification_service;
