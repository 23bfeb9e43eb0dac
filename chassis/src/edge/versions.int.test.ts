/** A small versioned resource, served over HTTP as by a service. */
import express, { type Express } from 'express';
import request from 'supertest';
import { z } from 'zod';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { refused } from '../contract/problems.ts';
import { parseBody, readBody } from './body.ts';
import { requestContext } from './context.ts';
import { versionedAnswers } from './openapi/versioned.ts';
import { problemHandler, sendReply } from './problem.ts';
import { readIfMatch, requireMatch, sendVersioned } from './versions.ts';

const noteBody = z.strictObject({ text: z.string() });
const noteView = z.strictObject({ text: z.string(), version: z.int() }).meta({ id: 'Note' });

function serveNotes(): Express {
  const notes = new Map([['1', { text: 'first', version: 1 }]]);
  const find = (id: string) => notes.get(id) ?? refuse();
  const refuse = () => {
    throw refused('not-found', 'There is no such note.');
  };
  const app = express().disable('etag');
  app.use(requestContext({ metrics: createMetrics('test', '0'), log: createLogger('test', 'silent') }));
  app.get('/notes/:id', (req, res) => sendVersioned(req, res, find(req.params.id)));
  app.put('/notes/:id', ...readBody(1_024), (req, res) => {
    const { text } = parseBody(req, noteBody);
    const ifMatch = readIfMatch(req);
    const before = find(req.params.id as string);
    requireMatch(ifMatch, before, before.text === text);
    const after = before.text === text ? before : { text, version: before.version + 1 };
    notes.set(req.params.id as string, after);
    sendReply(res, { status: 200, body: JSON.stringify(after) });
  });
  return app.use(problemHandler);
}

let app: Express;
beforeEach(() => {
  app = serveNotes();
});

const put = (text: unknown, ifMatch?: string, id = '1') => {
  const call = request(app).put(`/notes/${id}`);
  return (ifMatch === undefined ? call : call.set('If-Match', ifMatch)).send({ text });
};

describe('a read of a versioned thing', () => {
  it('carries its version', async () => {
    const { headers, body } = await request(app).get('/notes/1').expect(200);
    expect([headers.etag, body]).toEqual(['"1"', { text: 'first', version: 1 }]);
  });

  it.each(['"1"', 'W/"1"', '"0", "1"', '*'])('is 304 without a body for If-None-Match: %s', async (ifNoneMatch) => {
    const { headers, text } = await request(app).get('/notes/1').set('If-None-Match', ifNoneMatch).expect(304);
    expect([headers.etag, headers['content-type'], text]).toEqual(['"1"', undefined, '']);
  });

  it.each(['"2"', '1', '"1'])('is 200 for another or a malformed If-None-Match: %s', async (ifNoneMatch) => {
    await request(app).get('/notes/1').set('If-None-Match', ifNoneMatch).expect(200);
  });

  it('is 304 for HEAD too', async () => {
    await request(app).head('/notes/1').set('If-None-Match', '"1"').expect(304);
  });
});

describe('a write of a versioned thing', () => {
  it('has its effect once: a repeat of it is stale, and answers the same', async () => {
    const first = await put('second', '"1"').expect(200);
    const repeat = await put('second', '"1"').expect(200);
    expect(repeat.body).toEqual(first.body);
    expect((await request(app).get('/notes/1')).headers.etag).toBe('"2"');
  });

  it('is 412 on another version, shows the current one and changes nothing', async () => {
    await put('second', '"1"').expect(200);
    const { body, headers } = await put('third', '"1"').expect(412);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({ code: 'stale-version', current: { text: 'second', version: 2 } });
    expect((await request(app).get('/notes/1')).body).toEqual(body.current);
  });

  it('is refused as its document says', async () => {
    const described = versionedAnswers('put', { schema: noteView, example: { text: 'first', version: 1 } }, []);
    const bodies = [(await put('second', '"7"')).body, (await put('second')).body];
    for (const body of bodies) {
      const answer = described.find(({ status }) => status === body.status);
      expect(answer?.content?.schema.parse({ traceId: 'a'.repeat(32), ...body })).toMatchObject(body);
    }
  });

  it('is 428 without a version', async () => {
    const { body } = await put('second').expect(428);
    expect(body.code).toBe('precondition-required');
  });

  it('is 400 with a malformed one', async () => {
    const { body } = await put('second', '1').expect(400);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer: '/If-Match' }] });
  });

  it.each([
    ['a body that is not valid', () => put(1), 400],
    ['a thing that is not there', () => put('second', undefined, '2'), 404],
  ])('is refused for %s before its version is asked for', async (_case, send, status) => {
    await send().expect(status);
  });
});
