import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aReservation,
  get,
  type InventoryService,
  OPERATIONS,
  reserve,
  startOnOwnDatabase,
  stock,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const read = (id: string, as = OPERATIONS) => get(service, `/operations/inventory/reservations/${id}`, as);

describe('GET /operations/inventory/reservations/{id}', () => {
  it('shows an operator what is held for an order', async () => {
    await stock(service, 'MUG', 2);
    const one = aReservation();
    await reserve(service, [one]);
    const { body } = await read(one.id.toUpperCase()).expect(200);
    const times = { createdAt: expect.stringMatching(/Z$/), updatedAt: expect.stringMatching(/Z$/) };
    expect(body).toEqual({ ...one, state: 'held', ...times });
  });

  it('shows why a reservation was refused', async () => {
    const one = aReservation();
    await reserve(service, [one]);
    const shortages = [{ sku: 'MUG', requested: 1, available: 0, reason: 'unknown-sku' }];
    expect((await read(one.id).expect(200)).body).toMatchObject({ state: 'rejected', shortages });
  });

  it.each([uuidv7(), 'ORD-1'])('finds nothing under %s', async (id) => {
    expect((await read(id).expect(404)).body).toMatchObject({ code: 'reservation-not-found' });
  });

  it('is refused to whoever did not come through the gateway', async () => {
    await read(uuidv7(), {}).expect(401);
  });
});
