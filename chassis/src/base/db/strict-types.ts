import pg from 'pg';

const { TIMESTAMPTZ, TIMESTAMP, DATE } = pg.types.builtins;

/** pg's parsers, except that an unreadable time throws. pg would return null, which would appear in responses. */
export const strictTypes = new pg.TypeOverrides();
for (const type of [TIMESTAMPTZ, TIMESTAMP, DATE]) {
  const parse = pg.types.getTypeParser(type);
  strictTypes.setTypeParser(type, (text: string) => {
    const time: unknown = parse(text);
    if (time instanceof Date && !Number.isNaN(time.getTime())) return time;
    throw new Error(`unreadable time from the database: ${text}`);
  });
}
