/** The operations that every service has for anybody: its health and its document. */

import { z } from 'zod';
import { DEGRADED } from '../contract/descriptions.ts';
import { success } from '../edge/openapi/answers.ts';
import type { Operation } from '../edge/openapi/document.ts';
import { healthReport } from './health.ts';

/** `name` is that of the service in paths at the gateway. */
export function serviceOperations(name: string): Operation[] {
  const ok = { status: 'ok', checks: { database: true, broker: true }, version: '0.1.0' };
  const down = { ...ok, status: 'down', checks: { database: false, broker: true } };
  return [
    {
      method: 'get',
      path: `/health/${name}`,
      operationId: 'readHealth',
      route: `health-${name}`,
      summary: 'Is the service well?',
      description: 'For people and monitors: whether the service reaches its database and its broker.',
      tag: 'service',
      groups: [],
      withoutDatabase: true,
      answers: [
        success(200, `\`ok\`; or \`degraded\` when only the broker is away, ${DEGRADED}`, healthReport, ok),
        success(503, '`down`: the service cannot reach its database.', healthReport, down),
      ],
    },
    {
      method: 'get',
      path: `/docs/${name}.json`,
      operationId: 'readDocument',
      route: `docs-${name}`,
      summary: 'This document',
      description: 'Made from the schemas by which the service validates, with the retention that it is set to.',
      tag: 'service',
      groups: [],
      withoutDatabase: true,
      answers: [
        success(200, 'OpenAPI 3.1.', z.looseObject({ openapi: z.string() }).meta({ id: 'OpenApiDocument' }), {
          openapi: '3.1.1',
        }),
      ],
    },
  ];
}
