import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { createLogger } from '../../base/telemetry/log.ts';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { allProblems, gatewayRefusals } from '../../contract/problems.ts';
import { requestContext } from '../../edge/context.ts';
import { problemHandler } from '../../edge/problem.ts';
import { docsPageRoutes } from './docs-page.routes.ts';

const app = express()
  .use(requestContext({ log: createLogger('test', 'silent'), metrics: createMetrics('test', 'test') }))
  .use(docsPageRoutes(['orders', 'inventory']), problemHandler);
const get = (path: string, accept = 'text/html') => request(app).get(path).set('Accept', accept);
const linked = (text: string) => [...text.matchAll(/href="(\/docs\/problems\/[^"]+)"/g)].map(([, path = '']) => path);

describe('GET /docs/problems', () => {
  it('lists every code, and every refusal of the gateway', async () => {
    const { text } = await get('/docs/problems').expect(200).expect('Content-Type', 'text/html; charset=utf-8');
    expect(linked(text)).toEqual(
      expect.arrayContaining([
        ...allProblems.map(([code]) => `/docs/problems/${code}`),
        ...gatewayRefusals.map(({ status }) => `/docs/problems/gateway#${status}`),
      ]),
    );
    expect(linked(text)).toHaveLength(allProblems.length + gatewayRefusals.length);
  });
});

describe('GET /docs/problems/{code}', () => {
  it.each(allProblems)('explains %s', async (code, { status, title }) => {
    const { text } = await get(`/docs/problems/${code}`).expect(200);
    expect(text).toContain(`<h1>${title}</h1>`);
    expect(text).toContain(`<code>${code}</code>`);
    expect(text).toContain(`<dd>${status} `);
    for (const heading of ['What it means', 'What to do', 'Example']) expect(text).toContain(`<h2>${heading}</h2>`);
  });

  it('explains what the type of the gateway’s refusals leads to', async () => {
    const template = JSON.parse(readFileSync(join(__dirname, '../../../../kong/error-template.json'), 'utf8'));
    const { text } = await get(`/docs/problems/${template.type.split('/').at(-1)}`).expect(200);
    for (const { status } of gatewayRefusals) expect(text).toContain(`<h3 id="${status}">${status} `);
  });

  it.each(['no-such-code', 'constructor', '%3Cscript%3E'])('is 404 for %s', async (code) => {
    await get(`/docs/problems/${code}`).expect(404).expect('Content-Type', 'text/html; charset=utf-8');
    const { body } = await get(`/docs/problems/${code}`, '*/*').expect(404);
    expect(body).toMatchObject({ code: 'not-found' });
  });

  it('runs no script, loads nothing, and lets only its own styles apply', async () => {
    const { text, headers } = await get('/docs/problems/order-rejected');
    const policy = String(headers['content-security-policy']);
    expect(text).not.toMatch(/<script|\bsrc=|@import|url\(| style=| on\w+=/);
    expect(policy).toMatch(/^default-src 'none'; style-src /);
    expect(policy).not.toMatch(/script-src|connect-src|unsafe|https?:|\*/);
    for (const [, style = ''] of text.matchAll(/<style>([\s\S]*?)<\/style>/g)) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    }
  });

  it('is not sent again to a client that has it', async () => {
    const { headers } = await get('/docs/problems/order-rejected');
    await get('/docs/problems/order-rejected').set('If-None-Match', String(headers.etag)).expect(304, '');
  });
});
