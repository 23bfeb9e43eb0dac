import { checkDrain } from './drain.ts';

const measured = { orders: 1_000, synchronousRate: 500, acceptedRate: 600, drainRate: 500, ratio: 1, notAccepted: 0 };

describe('checkDrain', () => {
  it('accepts a backlog that drains as fast as orders are placed', () => {
    expect(checkDrain(measured).violations).toEqual([]);
  });

  it('finds a backlog that drains more slowly', () => {
    const { violations } = checkDrain({ ...measured, drainRate: 490, ratio: 0.98 });
    expect(violations).toMatchObject([{ subject: 'the backlog', found: '490 orders/s decided, 0.98 times that' }]);
  });
});
