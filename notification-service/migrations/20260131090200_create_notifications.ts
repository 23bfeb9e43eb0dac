import type { Knex } from 'knex';

/** What is sent to people, and each attempt to send it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE notifications (
      id             uuid NOT NULL,
      event_id       uuid NOT NULL,
      template       text NOT NULL,
      recipient      text NOT NULL,
      subject_id     uuid NOT NULL,
      message_id     text NOT NULL,
      state          text NOT NULL DEFAULT 'queued',
      reason         text,
      deferrals      integer NOT NULL DEFAULT 0,
      sent_again     boolean NOT NULL DEFAULT false,
      claim          uuid,
      due_at         timestamptz,
      correlation_id text NOT NULL,
      created_at     timestamptz NOT NULL DEFAULT now(),
      updated_at     timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT notifications_pkey PRIMARY KEY (id),
      CONSTRAINT notifications_event_id_key UNIQUE (event_id, template, recipient),
      CONSTRAINT notifications_state_check CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed')),
      CONSTRAINT notifications_due_at_check CHECK (
        CASE WHEN state IN ('queued', 'sending') THEN due_at IS NOT NULL WHEN state = 'unknown' THEN true ELSE due_at IS NULL END),
      CONSTRAINT notifications_deferrals_check CHECK (deferrals >= 0)
    );
    CREATE INDEX notifications_due_at_idx ON notifications (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX notifications_unknown_idx ON notifications (updated_at) WHERE state = 'unknown';
    CREATE INDEX notifications_updated_at_idx ON notifications (updated_at);
    COMMENT ON TABLE notifications IS 'One row per event, template and recipient: a repeated event sends nothing again';
    COMMENT ON COLUMN notifications.recipient IS 'Id of the account. Its mail address is read when the mail is sent, and stored nowhere';
    COMMENT ON COLUMN notifications.subject_id IS 'What it is about: the id of the mail at account-service';
    COMMENT ON COLUMN notifications.message_id IS 'Message-ID of the mail, the same in each attempt';
    COMMENT ON COLUMN notifications.state IS 'queued: to be sent at due_at; sending: committed before the mail is handed over; sent: the server took it; failed: it never will; unknown: it may have been sent; suppressed: not needed any more';
    COMMENT ON COLUMN notifications.reason IS 'Why it is failed, unknown or suppressed';
    COMMENT ON COLUMN notifications.deferrals IS 'Attempts that the server deferred, or that ended before the mail was handed over; they determine the next delay';
    COMMENT ON COLUMN notifications.sent_again IS 'Whether it was unknown and has been sent once more';
    COMMENT ON COLUMN notifications.claim IS 'The latest attempt. Only this one may change the row';
    COMMENT ON COLUMN notifications.due_at IS 'When a process takes it next: to send it or, while a process holds it, because that one must have died. Null: nothing follows by itself';
    GRANT SELECT, INSERT, UPDATE, DELETE ON notifications TO notification_service;

    CREATE TABLE attempts (
      id              uuid NOT NULL,
      notification_id uuid NOT NULL,
      outcome         text,
      detail          text,
      started_at      timestamptz NOT NULL DEFAULT now(),
      ended_at        timestamptz,
      CONSTRAINT attempts_pkey PRIMARY KEY (id),
      CONSTRAINT attempts_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES notifications (id) ON DELETE CASCADE,
      CONSTRAINT attempts_outcome_check CHECK (outcome IN ('sent', 'refused', 'deferred', 'lost', 'unknown')),
      CONSTRAINT attempts_ended_at_check CHECK ((outcome IS NULL) = (ended_at IS NULL))
    );
    CREATE INDEX attempts_notification_id_idx ON attempts (notification_id, started_at);
    COMMENT ON TABLE attempts IS 'Each attempt to hand a notification over. The row is written before the attempt begins';
    COMMENT ON COLUMN attempts.id IS 'The claim of the notification';
    COMMENT ON COLUMN attempts.outcome IS 'Null: under way, or the process died';
    COMMENT ON COLUMN attempts.detail IS 'The answer of the server, without mail addresses';
    GRANT SELECT, INSERT, UPDATE, DELETE ON attempts TO notification_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE attempts, notifications');
}
