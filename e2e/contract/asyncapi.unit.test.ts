/** The AsyncAPI document is valid, describes every message, and is what the message contract makes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { readMessages } from '@shop/chassis/contract/read-messages.ts';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { asyncapiPage } from '../documentation/asyncapi.ts';

const root = join(__dirname, '../..');
const text = readFileSync(join(root, 'chassis/asyncapi.yaml'), 'utf8');

// That there is a later version of AsyncAPI, for one.
const INFORMATION = 2;

describe('asyncapi.yaml', () => {
  it('is what the message contract makes', async () => {
    if (text === (await asyncapiPage(root)).text) return;
    throw new Error('chassis/asyncapi.yaml has drifted from the contract. Make it again with: npm run asyncapi');
  });

  it('is valid, with every message and an example of it', async () => {
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
