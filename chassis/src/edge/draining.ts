import type { RequestHandler } from 'express';

/**
 * While draining, a connection ends with the request that it carries: clients that keep connections open make the next one
 * elsewhere, or at least know that this process is leaving, before it closes those that are idle.
 */
export function endConnections(isDraining: () => boolean): RequestHandler {
  return (_req, res, next) => {
    if (isDraining()) res.set('Connection', 'close');
    next();
  };
}
