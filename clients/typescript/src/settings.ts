/** A person who is signed in: `shopper` at the shop, `staff` at the console. */
export type CallerKind = 'shopper' | 'staff';

/** Like the global `fetch`, with what this client gives it. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/** Where the system is, and who calls: a machine by its API key, a person by an access token or by cookies. */
export interface ClientSettings {
  /** The gateway's address; with a path, if it stands below one. */
  baseUrl: string;
  /** The API key, or what gives it before each request, for keys that are rotated. */
  apiKey?: string | undefined | (() => string | Promise<string>);
  /** The access token, or what gives one: it is asked again when the last one is not valid any more. */
  accessToken?: string | undefined | (() => string | Promise<string>);
  /**
   * The kind of person who calls. In a page of the gateway's origin this is enough: its cookies are the credentials, and the client
   * renews them. With an access token the default is `shopper`.
   */
  caller?: CallerKind | undefined;
  /** How long a call may take in all, unless it says otherwise. Default 120,000: most outages are shorter. */
  deadlineMs?: number;
  /** How long one request may take before it is repeated. Default 10,000: the gateway answers earlier. */
  attemptTimeoutMs?: number;
  /** Instead of the global `fetch`: to limit connections, to trace, to test. */
  fetch?: FetchFunction;
}

/** What sends the requests. */
export function fetchOf({ fetch: own }: ClientSettings): FetchFunction {
  return own ?? ((url, init) => fetch(url, init));
}

/** A path at the gateway. */
export function urlOf({ baseUrl }: ClientSettings, target: string): string {
  return new URL(baseUrl.replace(/\/+$/, '') + target).href;
}
