import pg from 'pg';

/** Run `work` on a new connection with the credentials of the URL. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // a running query reports the loss of the connection
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
