import { type Client, createClient } from '@shop/client';
import { fetchAsStaff } from './session.ts';

// A person waits for what is shown: an error that can be tried again is better than two minutes of nothing.
const READ_DEADLINE_MS = 12_000;

/** The API, as the person who is signed in. For reads; `useWrite` makes a client for each write. */
export const api: Client = createClient({
  baseUrl: location.origin,
  deadlineMs: READ_DEADLINE_MS,
  fetch: fetchAsStaff,
});

/** A client whose requests can be observed, for one write. */
export function clientFor(observe: (isFirst: boolean, request: Promise<Response>) => void): Client {
  let count = 0;
  return createClient({
    baseUrl: location.origin,
    fetch: (url, init) => {
      count += 1;
      const request = fetchAsStaff(url, init);
      observe(count === 1, request);
      return request;
    },
  });
}
