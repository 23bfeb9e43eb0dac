/** Fuzzing with schemathesis and the keys of all groups: no unexpected 5xx, and no undescribed response. */

import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import amqplib from 'amqplib';
import { services } from '../services.ts';
import { documentPath, operations } from './contract/documents.ts';
import { findSchemathesis, fuzz, STREAM } from './fuzz/schemathesis.ts';
import { type System, startSystem, withKey } from './system.ts';

// Found or installed before the tests are defined, because their names depend on it.
const schemathesis = findSchemathesis();

const SKU = 'NEVER-SOLD-OUT';
const QUEUES = { orders: 'order.reservation-replies', inventory: 'inventory.reservations' };

describeNeeding('schemathesis', schemathesis !== undefined, 'fuzzing through the gateway', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
    await system.backoffice('POST', '/products', { sku: SKU, name: 'Fuzz' }, withKey());
    await system.backoffice(
      'POST',
      `/products/${SKU}/adjustments`,
      { delta: 1_000_000_000, reason: 'fuzz' },
      withKey(),
    );
    await makeDeadLetters(system);
  });

  it.each(services.map(({ folder }) => folder))(
    'finds nothing in %s that its document does not describe',
    async (service) => {
      const all = operations.filter(
        ({ document, responses }) => document === service && responses['200']?.content?.[STREAM] === undefined,
      ).length;
      const report = await fuzz(schemathesis ?? '', {
        document: documentPath(service),
        gateway: system.env.BASE_URL ?? '',
        environment: { ...system.env, FUZZ_SKU: SKU },
        // The limits of all schemas come first, and some operations hash a password for each call.
        seconds: Math.max(60, 4 * all),
      });
      // The findings are at the end.
      if (report.exit_code !== 0) throw new Error(report.output.slice(-10_000));
      expect(report.operations).toMatchObject({ total: all, tested: all });
      for (const phase of ['examples', 'coverage', 'fuzzing', 'stateful']) {
        expect([phase, report.phases[phase]?.status]).toEqual([phase, 'success']);
      }
      // The examples and the limits of the schemas alone are as many.
      expect(report.test_cases.generated).toBeGreaterThan(300);
    },
  );

  it('brought orders into every status', async () => {
    const { rows } = await system.orderDb.query('SELECT DISTINCT type FROM order_timeline');
    const seen = rows.map(({ type }) => type);
    expect(seen).toEqual(expect.arrayContaining(['confirmed', 'rejected', 'cancelled', 'shipped', 'delivered']));
  });
});

/** Dead letters to list, replay and discard. */
async function makeDeadLetters(system: System): Promise<void> {
  const connection = await amqplib.connect(system.env.RABBITMQ_URL ?? '');
  const channel = await connection.createConfirmChannel();
  for (const queue of Object.values(QUEUES)) {
    for (let n = 0; n < 30; n += 1) channel.sendToQueue(queue, Buffer.from(`poison ${n}`));
  }
  await channel.waitForConfirms();
  await connection.close();
  for (const name of Object.keys(QUEUES)) {
    await eventually(async () => {
      const { items } = (await system.operations('GET', `/operations/${name}/dead-letters/groups`)).body;
      return items[0]?.count === 30 ? true : undefined;
    });
  }
}
