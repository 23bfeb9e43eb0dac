/** The public operations of every service: its health and its OpenAPI document. */

import { z } from 'zod';
import { DEGRADED } from '../contract/descriptions.ts';
import { success } from '../edge/openapi/answers.ts';
import type { Operation } from '../edge/openapi/document.ts';
import { healthReport } from './health.ts';

/** `name` is the service's name in the gateway's paths. */
export function serviceOperations(name: string): Operation[] {
  const ok = { status: 'ok', checks: { database: true, broker: true }, version: '0.1.0' };
  const down = { ...ok, status: 'down', checks: { database: false, broker: true } };
  return [
    {
      method: 'get',
      path: `/health/${name}`,
      operationId: 'readHealth',
      route: `health-${name}`,
      summary: 'Read the health of the service',
      description: 'Whether the service reaches its database and its broker. For people and monitoring.',
      tag: 'service',
      groups: [],
      withoutDatabase: true,
      answers: [
        success(200, `\`ok\`; or \`degraded\` when only the broker is unavailable ${DEGRADED}`, healthReport, ok),
        success(503, '`down`: the service cannot reach its database.', healthReport, down),
      ],
    },
    {
      method: 'get',
      path: `/docs/${name}.json`,
      operationId: 'readDocument',
      route: `docs-${name}`,
      summary: 'Read this document',
      description: 'Generated from the schemas that the service validates with, and from its configured retention.',
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
