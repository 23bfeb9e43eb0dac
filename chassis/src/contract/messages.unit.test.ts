import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Envelope,
  type MessageDefinition,
  readEnvelope,
  writeEnvelope,
} from '../reliable/messaging/message-definition.ts';
import { faultOfSize } from '../reliable/messaging/read-delivery.ts';
import { toOutboxRow } from '../reliable/outbox/outbox-message.ts';
import type { ContractMessage } from './define-message.ts';
import { reservationRejectedV1, reservationReplies } from './messages/inventory-service.ts';
import { readMessages } from './read-messages.ts';

const samplesFolder = join(__dirname, 'samples');
const samples = readdirSync(samplesFolder).map((file) => ({
  file,
  body: readFileSync(join(samplesFolder, file), 'utf8'),
}));
let allMessages: ContractMessage[];
beforeAll(async () => {
  allMessages = await readMessages(__dirname);
});
const definitionOf = (file: string) => allMessages.find((known) => `${known.routingKey}.json` === file);

/** As a later producer writes it: each object in it, however deep, has one more member. */
function addToEachObject(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(addToEachObject);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, addToEachObject(member)]);
  return { ...Object.fromEntries(members), added: { deep: true } };
}

describe('message samples', () => {
  it('exist for every message, and for nothing else', () => {
    expect(samples.map(({ file }) => file).sort()).toEqual(
      allMessages.map((known) => `${known.routingKey}.json`).sort(),
    );
  });

  describe.each(samples)('$file', ({ file, body }) => {
    const sample = JSON.parse(body);

    it('is read as it was written', () => {
      const outcome = readEnvelope(body, allMessages);
      expect(outcome).toEqual({ kind: 'read', definition: definitionOf(file), message: sample });
    });

    it('is read without the members that a later producer adds', () => {
      const later = addToEachObject(sample);
      expect(readEnvelope(JSON.stringify(later), allMessages)).toMatchObject({ kind: 'read', message: sample });
      const outcome = readEnvelope(JSON.stringify(later), allMessages);
      expect(JSON.stringify(outcome)).not.toContain('added');
    });

    it('can be written, and not with a member that its definition lacks', () => {
      const definition = definitionOf(file) as MessageDefinition;
      expect(JSON.parse(writeEnvelope(definition, sample))).toEqual(sample);
      expect(() => writeEnvelope(definition, { ...sample, payload: { ...sample.payload, added: 1 } })).toThrow(/added/);
      expect(() => writeEnvelope(definition, { ...sample, added: 1 } as Envelope)).toThrow(/added/);
    });
  });
});

describe('writeEnvelope', () => {
  it('refuses a member that its definition lacks, however deep', () => {
    const placed = JSON.parse(readFileSync(join(samplesFolder, 'order.placed.v1.json'), 'utf8'));
    placed.payload.lines[0].customerId = 'someone';
    expect(() => writeEnvelope(definitionOf('order.placed.v1.json') as MessageDefinition, placed)).toThrow(
      /customerId/,
    );
  });

  it('keeps the limits on the length of a list', () => {
    const placed = JSON.parse(readFileSync(join(samplesFolder, 'order.placed.v1.json'), 'utf8'));
    placed.payload.lines = [];
    expect(() => writeEnvelope(definitionOf('order.placed.v1.json') as MessageDefinition, placed)).toThrow(/lines/);
  });
});

describe('readEnvelope', () => {
  const held = JSON.parse(readFileSync(join(samplesFolder, 'reservation.held.v1.json'), 'utf8'));

  it.each([
    ['no JSON', '{"id":', 'unparseable'],
    ['no envelope', '[]', 'unparseable'],
    ['no id', JSON.stringify({ ...held, id: undefined }), 'unparseable'],
    ['a payload of another shape', JSON.stringify({ ...held, payload: { reservationId: 7 } }), 'unparseable'],
    ['a type of another queue', JSON.stringify({ ...held, type: 'order.placed' }), 'unknown-type'],
    ['a version that is not known here', JSON.stringify({ ...held, version: 2 }), 'unknown-type'],
  ])('refuses %s', (_, body, reason) => {
    expect(readEnvelope(body, reservationReplies)).toMatchObject({ kind: 'refused', reason });
  });

  it('reads an id as PostgreSQL writes it', () => {
    const outcome = readEnvelope(JSON.stringify({ ...held, id: held.id.toUpperCase() }), reservationReplies);
    expect(outcome).toMatchObject({ kind: 'read', message: { id: held.id } });
  });
});

describe('message definitions', () => {
  it.each(readdirSync(join(__dirname, 'messages')))('of %s are all in its list, under its name', async (file) => {
    const { messages, ...others } = await import(join(__dirname, 'messages', file));
    const defined = Object.values<Partial<ContractMessage>>(others).filter(
      ({ routingKey }) => routingKey !== undefined,
    );
    expect(new Set(messages)).toEqual(new Set(defined));
    for (const { producer } of messages) expect(`${producer}.ts`).toBe(file);
  });

  it('have one service that must receive them, or are events that nobody has to', () => {
    for (const { kind, consumers, mandatory } of allMessages)
      expect([kind, consumers.length, mandatory]).toEqual(kind === 'event' ? ['event', 0, false] : [kind, 1, true]);
  });

  it('name the version in the routing key and not in the type', () => {
    for (const known of allMessages) expect(known.routingKey).toBe(`${known.type}.v${known.version}`);
  });
});

it('the largest message is no larger than a consumer takes', () => {
  const shortages = Array.from({ length: 1_000 }, (_, n) => ({
    sku: String(n).padStart(64, 'S'),
    requested: 1_000_000,
    available: 1_000_000_000,
    reason: 'insufficient-stock' as const,
  }));
  const payload = { reservationId: randomUUID(), reason: 'insufficient-stock' as const, shortages };
  const { body } = toOutboxRow(reservationRejectedV1, payload, {
    correlationId: 'c'.repeat(200),
    occurredAt: new Date(),
  });
  expect(body.length).toBeGreaterThan(140_000);
  expect(faultOfSize(Buffer.from(body))).toBeUndefined();
});
