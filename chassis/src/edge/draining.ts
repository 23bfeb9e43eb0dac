import type { RequestHandler } from 'express';

/**
 * While draining, each response has `Connection: close`: clients with keep-alive connections then connect elsewhere before this
 * process closes its idle connections.
 */
export function endConnections(isDraining: () => boolean): RequestHandler {
  return (_req, res, next) => {
    if (isDraining()) res.set('Connection', 'close');
    next();
  };
}
