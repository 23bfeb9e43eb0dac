import pg from 'pg';

/** Run `work` on a connection of its own, as whom the URL names. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the server may be ended at any time; the running query reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
