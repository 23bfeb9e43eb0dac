import pg from 'pg';

const { TIMESTAMPTZ, TIMESTAMP, DATE } = pg.types.builtins;

/** pg's parsers, but a time that cannot be read is an error: pg makes null of it, which an answer would then say. */
export const strictTypes = new pg.TypeOverrides();
for (const type of [TIMESTAMPTZ, TIMESTAMP, DATE]) {
  const parse = pg.types.getTypeParser(type);
  strictTypes.setTypeParser(type, (text: string) => {
    const time: unknown = parse(text);
    if (time instanceof Date && !Number.isNaN(time.getTime())) return time;
    throw new Error(`The database wrote a time that cannot be read: ${text}`);
  });
}
