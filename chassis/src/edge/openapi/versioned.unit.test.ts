import { z } from 'zod';
import { readIfMatch } from '../versions.ts';
import { success } from './answers.ts';
import { type Operation, toDocument } from './document.ts';
import { versionParameters } from './versioned.ts';

const noteView = z.strictObject({ text: z.string(), version: z.int() }).meta({ id: 'Note' });
const note = { schema: noteView, example: { text: 'The customer called.', version: 3 } };
const shown = success(200, 'The note.', noteView, note.example);
const common = {
  path: '/notes/{id}',
  summary: '',
  description: '',
  tag: 'notes',
  route: 'note',
  groups: ['backoffice'],
};
const operation = (method: Operation['method'], more: Partial<Operation> = {}) =>
  ({ ...common, method, operationId: method, parameters: { id: z.string() }, answers: [shown], ...more }) as Operation;
const body = { schema: z.strictObject({ text: z.string() }), example: { text: 'The customer called.' } };
const removed = { status: 204, description: 'Removed.', examples: {} };

interface Described {
  parameters?: { $ref?: string }[];
  responses?: Record<string, { $ref?: string; headers?: Record<string, object>; content?: Record<string, object> }>;
}

function documentOf(operations: readonly Operation[]) {
  const service = { title: 'Notes', summary: 'Notes', description: '', tags: { notes: 'Notes' }, operations };
  return toDocument(service, { version: '1', keyRetentionHours: 72 }) as {
    paths: Record<string, Record<string, Described>>;
    components: Record<string, Record<string, { properties?: object; value?: object }>>;
  };
}

function describeNotes() {
  const { paths, components } = documentOf([
    operation('get', { versioned: note }),
    operation('put', { versioned: note, body }),
    operation('patch', { versioned: note, body }),
    operation('delete', { versioned: note, answers: [removed] }),
  ]);
  const of = (method: string) => {
    const { parameters = [], responses = {} } = paths['/notes/{id}']?.[method] ?? {};
    const references = parameters.flatMap(({ $ref }) => ($ref === undefined ? [] : [$ref.split('/').at(-1)]));
    return { references, responses };
  };
  return { of, components };
}

describe('an operation on a versioned thing', () => {
  const { of, components } = describeNotes();

  it('has the version in a read, and 304 for a client that has it', () => {
    const { references, responses } = of('get');
    expect(references).toEqual(['IfNoneMatch']);
    expect(responses['200']?.headers?.ETag).toMatchObject({ required: true });
    expect(responses['304']?.headers?.ETag).toMatchObject({ required: true });
    expect(responses['304']?.content).toBeUndefined();
    expect(Object.keys(responses)).not.toContain('412');
  });

  it.each([
    ['put', ['IfMatch']],
    ['patch', ['IdempotencyKey', 'IfMatch']],
    ['delete', ['IfMatch']],
  ])('needs the version with %s, and can be refused for it', (method, parameters) => {
    const { references, responses } = of(method);
    expect(references).toEqual(parameters);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '412', '428']));
  });

  it('needs an Idempotency-Key and reads a body only where its method does', () => {
    expect(Object.keys(of('patch').responses)).toEqual(expect.arrayContaining(['409', '413', '415', '422']));
    expect(Object.keys(of('put').responses)).toEqual(expect.arrayContaining(['413', '415']));
    for (const status of ['409', '422']) expect(Object.keys(of('put').responses)).not.toContain(status);
    for (const status of ['409', '415', '422']) expect(Object.keys(of('delete').responses)).not.toContain(status);
    expect(of('delete').responses['204']?.content).toBeUndefined();
  });

  it('has the current resource in 412', () => {
    expect(components.schemas?.StaleNoteProblem?.properties).toMatchObject({
      current: { $ref: '#/components/schemas/Note' },
    });
    expect(components.examples?.StaleNoteProblem?.value).toMatchObject({
      detail: 'This is version 3 now.',
      current: note.example,
    });
  });

  it('is no POST', () => {
    expect(() => documentOf([operation('post', { versioned: note })])).toThrow('post: a POST names no version');
  });
});

it('says of If-Match what is read', () => {
  const { pattern } = versionParameters.IfMatch.schema;
  const isRead = (header: string) => {
    try {
      return readIfMatch({ rawHeaders: ['If-Match', header] }).kind !== 'missing';
    } catch {
      return false;
    }
  };
  for (const header of ['"1"', '*', '"1", "2"', 'W/"1"', '1', '"1', '"1" "2"', '']) {
    expect([header, new RegExp(pattern).test(header)]).toEqual([header, isRead(header)]);
  }
});

it('says nothing of versions where nothing has them', () => {
  expect(JSON.stringify(documentOf([operation('get'), operation('patch', { body })]))).not.toMatch(
    /ETag|IfMatch|IfNoneMatch|"(304|412|428)"/,
  );
});
