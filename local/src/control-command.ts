import { UsageError } from '@shop/chassis/base/fault.ts';
import type { Action } from './arguments.ts';
import type { Part } from './control.ts';
import { killPart, partStatus, pausePart, resumePart, startPart, stopPart } from './control.ts';
import type { System } from './parts.ts';
import { partNames, partOf, partsNamed } from './parts.ts';

const did = { stop: 'stopping', kill: 'killed', pause: 'paused', resume: 'resumed' } as const;
const acts = { stop: stopPart, kill: killPart, pause: pausePart, resume: resumePart } as const;

/** Performs an action on a part, or on all processes of a service, and reports the result for each. */
export async function controlParts(system: System, action: Action, name: string): Promise<string> {
  const names = partsNamed(system.plan, name);
  if (names.length === 0) {
    throw new UsageError(`there is no part "${name}"; parts: ${partNames.join(', ')}, or one process such as order-1`);
  }
  const lines = await Promise.all(names.map(async (one) => `${one}: ${await control(partOf(system, one), action)}`));
  return lines.join('\n');
}

async function control(part: Part, action: Action): Promise<string> {
  if (action === 'start') return startPart(part);
  const before = partStatus(part).state;
  return acts[action](part) ? did[action] : `nothing to do, it is ${before}`;
}
