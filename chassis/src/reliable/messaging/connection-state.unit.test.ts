import type { ChannelModel } from 'amqplib';
import { ConnectionState } from './connection-state.ts';

const [first, second] = [{}, {}] as [ChannelModel, ChannelModel];
const publish = async () => [];

it('is usable from its setup until it is lost', () => {
  const state = new ConnectionState();
  expect(state.usable).toBeUndefined();
  state.established(first, publish);
  expect(state.usable).toEqual({ model: first, publish });
  state.lost(first);
  expect(state.current).toBeUndefined();
});

it('keeps the new connection when the end of the one before is noticed late', () => {
  const state = new ConnectionState();
  state.established(first, publish);
  state.established(second, publish);
  state.lost(first);
  expect(state.usable?.model).toBe(second);
});

it('takes no messages while it is blocked, and says so when it takes them again', () => {
  const state = new ConnectionState();
  let notified = 0;
  state.onUsable(() => {
    notified += 1;
  });
  state.established(first, publish);
  state.blocked();
  expect([state.usable, state.current?.model, state.isBlocked]).toEqual([undefined, first, true]);
  expect(notified).toBe(0);
  state.unblocked();
  expect(state.usable?.model).toBe(first);
  expect(notified).toBe(1);
});

it('forgets with a connection that it was blocked', () => {
  const state = new ConnectionState();
  state.established(first, publish);
  state.blocked();
  state.lost(first);
  state.established(second, publish);
  expect(state.usable?.model).toBe(second);
});

it('is not usable any more once it is closing', () => {
  const state = new ConnectionState();
  state.established(first, publish);
  state.closing();
  expect(state.usable).toBeUndefined();
});
