/** The AsyncAPI document is valid, complete, and generated from the message contract. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { readMessages } from '@shop/chassis/contract/read-messages.ts';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { asyncapiPage } from '../documentation/asyncapi.ts';

const root = join(__dirname, '../..');
const text = readFileSync(join(root, 'chassis/asyncapi.yaml'), 'utf8');

// For example, that there is a later version of AsyncAPI.
const INFORMATION = 2;

describe('asyncapi.yaml', () => {
  it('is up to date with the message contract', async () => {
    if (text === (await asyncapiPage(root)).text) return;
    throw new Error('chassis/asyncapi.yaml differs from the contract. To regenerate it: npm run asyncapi');
  });

  it('is valid, and has every message with an example', async () => {
    const { document, diagnostics } = await new Parser().parse(text);
    expect(diagnostics.filter(({ severity }) => severity < INFORMATION)).toEqual([]);
    const messages = document?.messages().all() ?? [];
    const contract = await readMessages(join(root, 'chassis/src/contract'));
    expect(messages.map((message) => message.title()).sort()).toEqual(
      contract.map(({ routingKey }) => routingKey).sort(),
    );
    const ajv = addFormats.default(new Ajv.Ajv({ strict: false }));
    for (const message of messages) {
      const [example] = message.examples().all();
      const fits = ajv.compile(message.payload()?.json() ?? false);
      expect([message.title(), fits(example?.payload()), fits.errors]).toEqual([message.title(), true, null]);
      expect(fits({ ...example?.payload(), version: 0 })).toBe(false);
    }
  });
});
