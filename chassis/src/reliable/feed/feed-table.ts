import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these functions. A change of the tables needs a new function (V2) and a new migration.
 */

export interface FeedTables {
  /** The log's table; the other two are named after it. */
  name: string;
  /** What a change is, as SQL column definitions. */
  columns: string;
  /** The database role of the service. */
  role: string;
  /** What the log holds, as its comment. */
  about: string;
}

/**
 * The tables of a feed: `<name>_queue`, which the service writes with each change; `<name>`, into which the sequencer moves them;
 * and `<name>_epochs`.
 *
 * The queue is empty most of the time, so vacuum is triggered by the number of dead rows alone. In the log, rows come at one end and
 * go at the other.
 */
export async function createFeedTablesV1(knex: Knex, { name, columns, role, about }: FeedTables): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE ${name}_queue (
      id bigint GENERATED ALWAYS AS IDENTITY,
      ${columns},
      at timestamptz NOT NULL,
      CONSTRAINT ${name}_queue_pkey PRIMARY KEY (id)
    ) WITH (
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
      autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
    );
    CREATE TABLE ${name} (
      position bigint NOT NULL,
      ${columns},
      at timestamptz NOT NULL,
      sequenced_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT ${name}_pkey PRIMARY KEY (position)
    ) WITH (
      autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 100000,
      autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000
    );
    CREATE TABLE ${name}_epochs (
      number integer NOT NULL,
      id text NOT NULL,
      begins_after bigint NOT NULL,
      origin text NOT NULL,
      began_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT ${name}_epochs_pkey PRIMARY KEY (number),
      CONSTRAINT ${name}_epochs_id_key UNIQUE (id)
    );
    GRANT SELECT, INSERT, DELETE ON ${name}_queue, ${name} TO ${role};
    GRANT SELECT, INSERT ON ${name}_epochs TO ${role};
    COMMENT ON TABLE ${name} IS '${about}';
    COMMENT ON COLUMN ${name}.position IS 'Consecutive, in the order in which the changes became visible';
    COMMENT ON COLUMN ${name}.at IS 'When the change was made';
    COMMENT ON COLUMN ${name}.sequenced_at IS 'When it got its position. Rows are removed by age and by number';
    COMMENT ON TABLE ${name}_queue IS
      'Changes without a position, written with the change itself. The sequencer moves them to ${name}';
    COMMENT ON COLUMN ${name}_queue.id IS 'Has gaps, and is visible out of order; within one subject it grows';
    COMMENT ON TABLE ${name}_epochs IS
      'Positions of ${name} name their epoch. A restored database begins a new one, because it gives numbers out again';
    COMMENT ON COLUMN ${name}_epochs.begins_after IS
      'The last position when it began. Greater ones of earlier epochs are lost';
    COMMENT ON COLUMN ${name}_epochs.origin IS 'Server, database, table and timeline in which it began';
  `);
}

/** Undo {@link createFeedTablesV1}. */
export async function dropFeedTablesV1(knex: Knex, name: string): Promise<void> {
  await knex.raw(/* sql */ `DROP TABLE ${name}_epochs, ${name}, ${name}_queue`);
}
