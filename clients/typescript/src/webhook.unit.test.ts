import { Webhook as Reference } from 'standardwebhooks';
import { verifyWebhook, WebhookError } from './webhook.ts';

const secret = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
const other = `whsec_${Buffer.from('another one of 24 bytes.').toString('base64')}`;
const event = { type: 'order.confirmed', timestamp: '2026-01-05T09:30:00.000Z', data: { order: { number: 'ORD-ä' } } };
const payload = JSON.stringify(event);

/** What a delivery has, signed by the library of the standard. */
function delivered({ by = [secret], body = payload, at = new Date(), id = 'event-1' } = {}) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': by.map((one) => new Reference(one).sign(id, at, body)).join(' '),
  };
}

function secondsAgo(seconds: number): Date {
  return new Date(Date.now() - seconds * 1_000);
}

describe('a webhook', () => {
  it.each([
    ['a plain object, as Node has them', (headers: Record<string, string>) => headers],
    ['Headers, as fetch has them', (headers: Record<string, string>) => new Headers(headers)],
    [
      'names in other letters',
      (headers: Record<string, string>) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
    ],
  ])('is read with its id from %s', async (_, toHeaders) => {
    expect(await verifyWebhook(payload, toHeaders(delivered()), secret)).toEqual({ id: 'event-1', ...event });
  });

  it('is read from bytes', async () => {
    expect(await verifyWebhook(Buffer.from(payload), delivered(), secret)).toMatchObject(event);
  });

  it('is valid with either of two secrets on either side', async () => {
    await verifyWebhook(payload, delivered({ by: [other, secret] }), secret);
    await verifyWebhook(payload, delivered({ by: [secret] }), [other, secret]);
  });

  it('is valid with a secret without its prefix', async () => {
    await verifyWebhook(payload, delivered(), secret.slice('whsec_'.length));
  });

  it('is valid beside signatures of other versions and broken ones', async () => {
    const headers = delivered();
    const signature = `v1a,AAAA v1,%% v1, v1,AAAA ${headers['webhook-signature']}`;
    await verifyWebhook(payload, { ...headers, 'webhook-signature': signature }, secret);
  });

  it.each([299, -299])('is valid %d s ago', async (seconds) => {
    await verifyWebhook(payload, delivered({ at: secondsAgo(seconds) }), secret);
  });
});

describe('a request is refused', () => {
  it.each([
    ['with another payload', payload.replace('ä', 'a'), delivered()],
    ['with another id', payload, { ...delivered(), 'webhook-id': 'event-2' }],
    [
      'with another time',
      payload,
      { ...delivered(), 'webhook-timestamp': delivered({ at: secondsAgo(9) })['webhook-timestamp'] },
    ],
    ['signed with another secret', payload, delivered({ by: [other] })],
    [
      'with a signature of another version only',
      payload,
      { ...delivered(), 'webhook-signature': delivered()['webhook-signature'].replace('v1,', 'v1a,') },
    ],
    ['without a signature', payload, { ...delivered(), 'webhook-signature': '' }],
    ['without an id', payload, { ...delivered(), 'webhook-id': undefined }],
    ['with two ids', payload, { ...delivered(), 'webhook-id': ['event-1', 'event-2'] }],
    ['too old', payload, delivered({ at: secondsAgo(302) })],
    ['from the future', payload, delivered({ at: secondsAgo(-302) })],
    ['with a time that is none', payload, { ...delivered(), 'webhook-timestamp': 'now' }],
    ['with a payload that is not JSON', 'x', delivered({ body: 'x' })],
  ])('%s', async (_, body, headers) => {
    await expect(verifyWebhook(body, headers, secret)).rejects.toThrow(WebhookError);
  });

  it('with a tolerance that is exceeded, or is no number', async () => {
    const headers = delivered({ at: secondsAgo(30) });
    await expect(verifyWebhook(payload, headers, secret, { toleranceSeconds: 10 })).rejects.toThrow(WebhookError);
    await expect(verifyWebhook(payload, headers, secret, { toleranceSeconds: Number.NaN })).rejects.toThrow(
      WebhookError,
    );
  });
});

it.each(['whsec_', 'whsec_%', ''])(
  'the secret %j is a mistake of the receiver, and not of the request',
  async (broken) => {
    await expect(verifyWebhook(payload, delivered(), broken)).rejects.toThrow(TypeError);
  },
);

it('no secret at all accepts nothing', async () => {
  await expect(verifyWebhook(payload, delivered(), [])).rejects.toThrow(WebhookError);
});
