import { publishProblemsAt, toProblem } from './problem.ts';

const occurrence = { instance: '/orders/1', traceId: '0'.repeat(32) };
const problem = () => JSON.parse(toProblem({ code: 'order-not-found', detail: 'No.' }, occurrence).body);

it('a problem has all that the table says about its code', () => {
  expect(problem()).toEqual({
    type: 'https://orders.example/problems/order-not-found',
    title: 'Order not found',
    status: 404,
    detail: 'No.',
    ...occurrence,
    code: 'order-not-found',
  });
});

it('the type of a problem is the address of its page, once that is known', () => {
  publishProblemsAt('http://127.0.0.1:8000');
  expect(problem().type).toBe('http://127.0.0.1:8000/docs/problems/order-not-found');
});
