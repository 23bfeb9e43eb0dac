-- The schema that the migrations of this service create. Written by "npm run schema"; a test fails if it differs.

CREATE TABLE accounts (
  id uuid NOT NULL,
  email text,
  name text,
  locale text NOT NULL,
  roles text[] DEFAULT '{}'::text[] NOT NULL,
  status text NOT NULL,
  version bigint DEFAULT 1 NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT accounts_pkey PRIMARY KEY (id),
  CONSTRAINT accounts_email_check CHECK ((email IS NULL) = (status = 'deleted'::text)),
  CONSTRAINT accounts_name_check CHECK (name IS NOT NULL OR status <> 'active'::text),
  CONSTRAINT accounts_roles_check CHECK (roles <@ ARRAY['backoffice'::text, 'operations'::text]),
  CONSTRAINT accounts_status_check CHECK (status = ANY (ARRAY['unverified'::text, 'active'::text, 'deleted'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE UNIQUE INDEX accounts_email_key ON accounts USING btree (lower(email COLLATE "C"));
CREATE INDEX accounts_staff_idx ON accounts USING btree (email) WHERE roles <> '{}'::text[];
CREATE INDEX accounts_unverified_idx ON accounts USING btree (updated_at) WHERE status = 'unverified'::text;
COMMENT ON TABLE accounts IS 'People who sign in: shoppers, and staff, who are shoppers too';
COMMENT ON COLUMN accounts.email IS 'As the person wrote it; unique without regard to case. Null: deleted, so that the address is free again';
COMMENT ON COLUMN accounts.locale IS 'Language of mail and pages, a BCP 47 tag';
COMMENT ON COLUMN accounts.roles IS 'What the person may do as staff; empty: a shopper only';
COMMENT ON COLUMN accounts.status IS 'unverified: the mailbox has not answered yet, so there is no password, and the row is removed after a while; active; deleted: anonymised';
COMMENT ON COLUMN accounts.version IS 'ETag of the account';

CREATE TABLE addresses (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text,
  street text,
  postal_code text,
  city text,
  country text,
  version bigint DEFAULT 1 NOT NULL,
  created_at timestamp with time zone NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  deleted_at timestamp with time zone,
  CONSTRAINT addresses_pkey PRIMARY KEY (id),
  CONSTRAINT addresses_deleted_check CHECK (num_nonnulls(name, street, postal_code, city, country) =
CASE
    WHEN deleted_at IS NULL THEN 5
    ELSE 0
END)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX addresses_account_id_idx ON addresses USING btree (account_id, id);
CREATE INDEX addresses_deleted_at_idx ON addresses USING btree (deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON TABLE addresses IS 'Addresses of an account. Orders keep a copy of their own';
COMMENT ON COLUMN addresses.version IS 'ETag of the address';
COMMENT ON COLUMN addresses.deleted_at IS 'The address is gone, and the id stays for a while, so that a repeated DELETE is answered the same';

CREATE TABLE catch_ups (
  queue text NOT NULL,
  caught_up_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT catch_ups_pkey PRIMARY KEY (queue)
);
COMMENT ON TABLE catch_ups IS 'Subscriptions that have read from the producer what was published before their queue was there';
COMMENT ON COLUMN catch_ups.caught_up_at IS 'The last time, also after events were dropped';

CREATE TABLE credentials (
  account_id uuid NOT NULL,
  hash bytea NOT NULL,
  salt bytea NOT NULL,
  memory_kib integer NOT NULL,
  passes integer NOT NULL,
  parallelism integer NOT NULL,
  changed_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT credentials_pkey PRIMARY KEY (account_id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
COMMENT ON TABLE credentials IS 'The password of an account, hashed by argon2id';
COMMENT ON COLUMN credentials.memory_kib IS 'With the two next columns: the parameters of this hash. A row with other ones than the present is hashed again at the next sign-in';

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

CREATE TABLE email_tokens (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  purpose text NOT NULL,
  email text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  CONSTRAINT email_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT email_tokens_purpose_check CHECK (purpose = ANY (ARRAY['verification'::text, 'account-exists'::text, 'password-reset'::text, 'email-change'::text, 'email-changed'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX email_tokens_account_id_idx ON email_tokens USING btree (account_id, created_at);
CREATE INDEX email_tokens_email_idx ON email_tokens USING btree (lower(email COLLATE "C"), created_at);
CREATE INDEX email_tokens_expires_at_idx ON email_tokens USING btree (expires_at);
COMMENT ON TABLE email_tokens IS 'One row per mail. The token in its link is derived from the id and the master key, and is stored nowhere';
COMMENT ON COLUMN email_tokens.purpose IS 'What the link does. Two mails have no token: account-exists, after a sign-up with the address of an account, and email-changed, to the address that an account had';
COMMENT ON COLUMN email_tokens.email IS 'Where the mail goes; of an email-change, the new address, of an email-changed the old one';
COMMENT ON COLUMN email_tokens.used_at IS 'When the token had its effect. A repeat of the same request is answered again until expires_at';

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

CREATE TABLE order_history (
  order_id uuid NOT NULL,
  account_id uuid,
  number text NOT NULL,
  status text NOT NULL,
  total bigint,
  currency text NOT NULL,
  placed_at timestamp with time zone NOT NULL,
  version integer NOT NULL,
  view jsonb NOT NULL,
  CONSTRAINT order_history_pkey PRIMARY KEY (order_id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX order_history_account_idx ON order_history USING btree (account_id, order_id);
COMMENT ON TABLE order_history IS 'The orders of shoppers as order-service has them, a projection. A row is written only where its version is newer';
COMMENT ON COLUMN order_history.order_id IS 'UUIDv7, so that it sorts by time';
COMMENT ON COLUMN order_history.account_id IS 'The customer of the order; null if that is no id of an account';
COMMENT ON COLUMN order_history.status IS 'As order-service says; values that are unknown here are kept';
COMMENT ON COLUMN order_history.total IS 'In the smallest unit of the currency; null if a line has no price';
COMMENT ON COLUMN order_history.view IS 'The order as order-service answered, whole';

CREATE TABLE order_history_rebuild (
  one boolean DEFAULT true NOT NULL,
  "position" uuid NOT NULL,
  done bigint NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT order_history_rebuild_pkey PRIMARY KEY (one),
  CONSTRAINT order_history_rebuild_one_check CHECK (one)
);
COMMENT ON TABLE order_history_rebuild IS 'Where a rebuild of order_history goes on, if it was interrupted';
COMMENT ON COLUMN order_history_rebuild."position" IS 'Up to this order, all were read from order-service';
COMMENT ON COLUMN order_history_rebuild.done IS 'How many these are';

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

CREATE TABLE session_families (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  audience text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  end_reason text,
  CONSTRAINT session_families_pkey PRIMARY KEY (id),
  CONSTRAINT session_families_audience_check CHECK (audience = ANY (ARRAY['shop'::text, 'console'::text])),
  CONSTRAINT session_families_end_check CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  CONSTRAINT session_families_end_reason_check CHECK (end_reason = ANY (ARRAY['signed-out'::text, 'signed-out-everywhere'::text, 'theft'::text, 'password-changed'::text, 'account-deleted'::text]))
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX session_families_account_id_idx ON session_families USING btree (account_id, id) WHERE ended_at IS NULL;
CREATE INDEX session_families_account_idx ON session_families USING btree (account_id, created_at);
CREATE INDEX session_families_expires_at_idx ON session_families USING btree (expires_at);
COMMENT ON TABLE session_families IS 'One row per sign-in: all refresh tokens that descend from it. Its id is sid in access tokens. A refresh locks the row, so that a sign-out at the same time wins';
COMMENT ON COLUMN session_families.end_reason IS 'theft: a refresh token was used again after its successor was';

CREATE TABLE sessions (
  token_hash bytea NOT NULL,
  family_id uuid NOT NULL,
  parent bytea,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  used_at timestamp with time zone,
  CONSTRAINT sessions_pkey PRIMARY KEY (token_hash),
  CONSTRAINT sessions_parent_key UNIQUE (parent)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX sessions_family_id_idx ON sessions USING btree (family_id);
COMMENT ON TABLE sessions IS 'Refresh tokens. Each is used once and has one successor, which is derived from it and the master key';
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the token, which is stored nowhere';
COMMENT ON COLUMN sessions.parent IS 'token_hash of the token that was used to get this one; null: the first of its family';

CREATE TABLE sign_in_attempts (
  key bytea NOT NULL,
  failed_at timestamp with time zone[] NOT NULL,
  last_at timestamp with time zone NOT NULL,
  CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (key)
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.02,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.01,
  autovacuum_analyze_threshold = 1000
);
CREATE INDEX sign_in_attempts_last_at_idx ON sign_in_attempts USING btree (last_at);
COMMENT ON TABLE sign_in_attempts IS 'Failed sign-ins of the last 15 minutes: by account and address, by account, and by address. An attempt is counted before it is judged, and taken back if it was right';
COMMENT ON COLUMN sign_in_attempts.key IS 'Digest of what is counted, so that no mail address is stored';
COMMENT ON COLUMN sign_in_attempts.failed_at IS 'Oldest first';
COMMENT ON COLUMN sign_in_attempts.last_at IS 'The row is removed 15 minutes later';

CREATE TABLE signing_keys (
  kid text NOT NULL,
  audience text NOT NULL,
  public_key bytea NOT NULL,
  private_key bytea NOT NULL,
  created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  signs_from timestamp with time zone NOT NULL,
  signs_until timestamp with time zone,
  CONSTRAINT signing_keys_pkey PRIMARY KEY (kid),
  CONSTRAINT signing_keys_audience_check CHECK (audience = ANY (ARRAY['shop'::text, 'console'::text])),
  CONSTRAINT signing_keys_kid_check CHECK (starts_with(kid, audience || '-'::text)),
  CONSTRAINT signing_keys_period_check CHECK (signs_until >= signs_from)
);
CREATE UNIQUE INDEX signing_keys_newest_key ON signing_keys USING btree (audience) WHERE signs_until IS NULL;
COMMENT ON TABLE signing_keys IS 'Ed25519 keys. At each time one of an audience signs: signs_until of a key is signs_from of the next';
COMMENT ON COLUMN signing_keys.kid IS 'Begins with the audience: a key signs for that one alone';
COMMENT ON COLUMN signing_keys.public_key IS 'The 32 bytes of RFC 8032';
COMMENT ON COLUMN signing_keys.private_key IS 'The seed, encrypted by AES-256-GCM with a key derived from the master key: nonce, tag, ciphertext; kid is authenticated with it';
COMMENT ON COLUMN signing_keys.signs_from IS 'Later than created_at by the time in which all verifiers learn the key; equal for the first of an audience';
COMMENT ON COLUMN signing_keys.signs_until IS 'Null: the newest of its audience. The key is published until no token signed with it can be valid';

ALTER TABLE addresses ADD CONSTRAINT addresses_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id);

ALTER TABLE credentials ADD CONSTRAINT credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id);

ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id);

ALTER TABLE session_families ADD CONSTRAINT session_families_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id);

ALTER TABLE sessions ADD CONSTRAINT sessions_family_id_fkey FOREIGN KEY (family_id) REFERENCES session_families(id) ON DELETE CASCADE;

GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE accounts TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE addresses TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE catch_ups TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE credentials TO account_service;
GRANT INSERT, SELECT, UPDATE ON TABLE dead_letters TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE email_tokens TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE idempotency_keys TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE inbox_messages TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE order_history TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE order_history_rebuild TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE outbox_messages TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE reconciliation_runs TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE session_families TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE sessions TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE sign_in_attempts TO account_service;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE signing_keys TO account_service;
