import type { Search } from './search.ts';

/** A search in which every claim must hold. */
export interface Configuration extends Search {
  about: string;
  /** With fewer states, the model lacks steps. */
  atLeast: number;
}

const inOrder = (name: string, about: string, defines: string, atLeast: number): Configuration => ({
  name,
  about,
  model: 'order-protocol',
  defines: defines.split(' '),
  atLeast,
});
const among = (name: string, about: string, defines: string, atLeast: number): Configuration => ({
  ...inOrder(name, about, defines, atLeast),
  model: 'twins',
});
const scanning = (name: string, about: string, defines: string): Configuration => ({
  ...inOrder(name, about, defines, 100),
  model: 'completer-watermark',
});

/** Together well below a minute and a gigabyte; run by `npm test -- spec`. */
export const smallConfigurations: readonly Configuration[] = [
  inOrder('fault', 'one key, two processes; one fault of a process', 'FAULTS=1', 1_000_000),
  inOrder('message', 'the same; one fault of a message', 'FAULTS=0 MFAULTS=1 ASKS=0', 250_000),
  inOrder('retention', 'the same; the key is reaped, and a repair', 'FAULTS=0 REAPS=1 REPAIRS=1 ASKS=0', 250_000),
  inOrder('orders', 'two orders for the last unit', 'ORDERS=2 POSTS=1 FAULTS=0 ASKS=0', 90_000),
  inOrder(
    'batch',
    'a batch of two and a twin of one; two faults, a reaped key',
    'ORDERS=2 POSTS=1 POSTS_2=0 BATCHES=1 STEPS=0 ASKS=0 FAULTS=2 REAPS=1',
    90_000,
  ),
  inOrder('batches', 'two batches of the same two keys', 'ORDERS=2 POSTS=0 BATCHES=2 STEPS=0 FAULTS=0 ASKS=0', 70_000),
  among('twins', 'two twins in one process', 'TWINS=2', 10_000),
  scanning('scan', 'the completer looks at every waiting order', 'BEHIND=2'),
];

/** Minutes and gigabytes each; README.md has their results. */
export const largeConfigurations: readonly Configuration[] = [
  inOrder('fault-message', 'one key; one fault of each kind', 'FAULTS=1 MFAULTS=1', 5_000_000),
  inOrder('faults', 'one key; two faults of processes', 'FAULTS=2', 2_000_000),
  inOrder('messages', 'one key; two faults of messages', 'FAULTS=0 MFAULTS=2', 5_000_000),
  inOrder('tries', 'one key; two POSTs to each process, one fault', 'FAULTS=1 TRIES=2', 2_000_000),
  inOrder(
    'fault-retention',
    'one key; a fault, the key is reaped, and a repair',
    'FAULTS=1 REAPS=1 REPAIRS=1',
    5_000_000,
  ),
  inOrder('orders-fault', 'two orders; one fault of a process', 'ORDERS=2 POSTS=1 FAULTS=1', 3_000_000),
  inOrder('orders-message', 'two orders; one fault of a message', 'ORDERS=2 POSTS=1 FAULTS=0 MFAULTS=1', 5_000_000),
  inOrder(
    'batch-steps',
    'a batch and a twin, cancelled and shipped; a fault',
    'ORDERS=2 POSTS=1 POSTS_2=0 BATCHES=1 ASKS=0',
    9_000_000,
  ),
  inOrder(
    'batches-steps',
    'two batches, cancelled and shipped',
    'ORDERS=2 POSTS=0 BATCHES=2 FAULTS=0 ASKS=0',
    9_000_000,
  ),
  among('three-twins', 'three twins in one process', 'TWINS=3', 3_000_000),
  among('twins-apart', 'two twins in one process, one in another', 'TWINS=2 OTHERS=1', 2_000_000),
];

/** A broken rule, by the name of its macro. */
export interface Mutation extends Search {
  /** `violated`: the search must find it. `holds`: the rule is redundant, so all claims hold without it. */
  expected: 'violated' | 'holds';
}

const fault = 'FAULTS=1';
const calm = 'FAULTS=0';
const message = 'FAULTS=0 MFAULTS=1 ASKS=0';
const retention = 'FAULTS=0 REAPS=1 ASKS=0';
const twins = 'TWINS=3';
const batch = 'ORDERS=2 POSTS=1 POSTS_2=0 BATCHES=1 STEPS=0 ASKS=0';

const broken = (expected: Mutation['expected'], rules: string, defines: string): Mutation => ({
  name: rules,
  model: defines.includes('TWINS') ? 'twins' : 'order-protocol',
  defines: [...defines.split(' '), ...rules.split('+').map((rule) => `M_${rule}`)],
  expected,
});

/** The mutations that must be found; each search ends at the first violation, mostly within a second. */
export const harmfulMutations: readonly Mutation[] = [
  broken('violated', 'RELEASE_UNKNOWN_IGNORED', fault),
  broken('violated', 'CANCEL_PENDING_NO_RELEASE', fault),
  broken('violated', 'TOMBSTONE_NOT_RESPECTED', fault),
  broken('violated', 'REFUSAL_NOT_STORED', fault),
  broken('violated', 'HOLD_READS_THEN_WRITES', 'ORDERS=2 POSTS=1 STEPS=0 FAULTS=0 ASKS=0'),
  broken('violated', 'B_NO_GUARD', fault),
  broken('violated', 'REPLY_NO_GUARD', fault),
  broken('violated', 'CANCEL_LEAVES_KEY', fault),
  broken('violated', 'REPLY_LEAVES_KEY', fault),
  broken('violated', 'COMPLETER_ABSENT', fault),
  broken('violated', 'COMPLETER_NEW_ID', fault),
  broken('violated', 'COMPLETER_SAME_MESSAGE_ID', message),
  broken('violated', 'COMPLETER_PENDING_ONLY', message),
  broken('violated', 'LOSER_EXECUTES+NO_UNIQUE', fault),
  broken('violated', 'SAME_ORDER_MEANS_MINE', fault),
  broken('violated', 'ANSWER_FROM_ORDER', fault),
  broken('violated', 'ANSWER_FROM_HOP', fault),
  broken('violated', 'KEY_BEFORE_ORDER', fault),
  broken('violated', 'UNKNOWN_IS_REJECTED', fault),
  broken('violated', 'SHIP_READS_THEN_WRITES', fault),
  broken('violated', 'LATE_HELD_RELEASES_SHIPPED', 'FAULTS=0 MFAULTS=1'),
  broken('violated', 'NO_INBOX+FULFIL_NOT_IDEMPOTENT', message),
  broken('violated', 'FULFIL_NOT_IDEMPOTENT', 'FAULTS=0 MFAULTS=2 ASKS=0'),
  broken('violated', 'REBUILD_FROM_STATUS', retention),
  broken('violated', 'RECLAIM_AFTER_RETENTION', retention),
  broken('violated', 'RECONCILER_RELEASES_PENDING', `${calm} REPAIRS=1`),
  broken('violated', 'LOOKUP_FAILS_WINNERS', batch),
  broken('violated', 'ONE_ANSWER_FOR_ALL', batch),
  broken('violated', 'NO_WAIT', twins),
  broken('violated', 'NO_TIME_LIMIT', twins),
  broken('violated', 'CLAIM_LEFT_OPEN', twins),
  broken('violated', 'ENTRY_STAYS', twins),
  { ...broken('violated', 'WATERMARK', 'BEHIND=2'), model: 'completer-watermark' },
  { ...broken('violated', 'WATERMARK', 'BEHIND=2 LAG BOUND=1'), model: 'completer-watermark' },
];

/** Redundant rules, without which all claims hold: they save work, or are a second safeguard. Complete searches. */
export const harmlessMutations: readonly Mutation[] = [
  broken('holds', 'NO_TOKEN', fault),
  broken('holds', 'NO_TOKEN', message),
  broken('holds', 'NO_GIVE_BACK_CHECK', fault),
  broken('holds', 'LOSER_JOINS+NO_TOKEN', calm),
  broken('holds', 'LOSER_EXECUTES', fault),
  broken('holds', 'B_GUARD_BY_KEY', fault),
  broken('holds', 'NO_INBOX', message),
  broken('holds', 'LATE_HELD_RELEASES', message),
  broken('holds', 'FULFILLED_REPORTED_REJECTED', message),
  broken('holds', 'REAP_PENDING', retention),
  broken('holds', 'DELETES_ANY_ENTRY', 'TWINS=2'),
  { ...broken('holds', 'WATERMARK', 'BEHIND=1 LAG BOUND=1'), model: 'completer-watermark' },
];
