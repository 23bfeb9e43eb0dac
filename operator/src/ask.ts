import { Fault } from '@shop/chassis/base/fault.ts';
import {
  type Client,
  createClient,
  describeProblem,
  RefusedError,
  ShopError,
} from '../../clients/typescript/src/index.ts';
import { causeOf } from './gateway.ts';
import type { LookUp } from './variables.ts';

// As long as a service takes to start; the same key makes retries safe.
const PATIENCE_MS = 15_000;

/** A client of the system, with the API key of this variable. */
export function connectClient(lookUp: LookUp, keyName: 'OPERATIONS_KEY' | 'BACKOFFICE_KEY' = 'OPERATIONS_KEY'): Client {
  const { BASE_URL: baseUrl, [keyName]: apiKey } = lookUp('BASE_URL', keyName);
  return createClient({ baseUrl, apiKey, deadlineMs: PATIENCE_MS });
}

/** The result of a call; throws a Fault with the reason if it fails. */
export async function ask<T>(call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    throw toFault(error);
  });
}

/** The failed call as a Fault; any other error unchanged. */
export function toFault(error: unknown): unknown {
  if (!(error instanceof ShopError)) return error;
  if (error instanceof RefusedError) return new Fault(`Refused with ${error.message}`);
  const { request, problem, cause } = error;
  const last = problem ? `The response is ${describeProblem(problem)}` : `${causeOf(cause)}. Is it running? npm start`;
  return new Fault(`${request} is not available. ${last}`);
}
