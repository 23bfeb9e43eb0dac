import { printableJson, printableLines } from '../printable.ts';
import { runCommand } from '../run-command.ts';
import type { LookUp } from '../variables.ts';
import { connectOperations, type Operations } from './operations.ts';
import { help, type Options, parseOptions } from './options.ts';
import { renderGroups, renderLetters, renderWhole } from './render.ts';

/** `npm run dead-letters`. */
export function deadLettersCommand(args: string[], lookUp: LookUp): Promise<number> {
  const run = async (options: Options) => {
    const { json, text } = await carryOut(connectOperations(options.services, lookUp), options);
    console.log(options.json ? printableJson(json) : printableLines(text));
  };
  return runCommand({ name: 'dead-letters', help, parse: parseOptions, run }, args);
}

async function carryOut(operations: Operations, options: Options): Promise<{ json: object; text: string }> {
  switch (options.command) {
    case 'list': {
      const { status, group, limit } = options;
      const groups = await operations.groups();
      const items = await operations.list({ status, group, limit });
      const letters = items.length === 0 ? [] : ['', renderLetters(items)];
      return { json: { groups, items }, text: [renderGroups(groups), ...letters].join('\n') };
    }
    case 'show': {
      const letter = await operations.show(options.id);
      return { json: letter, text: renderWhole(letter) };
    }
    case 'replay': {
      const letter = await operations.replay(options.id, options.key);
      return { json: letter, text: `Sent ${letter.id} to ${letter.queue} again.` };
    }
    case 'discard': {
      const letter = await operations.discard(options.id, options.reason, options.key);
      return { json: letter, text: `${letter.id} is discarded.` };
    }
    case 'replay-group': {
      const done = await operations.replayGroup(options.group, options.key);
      const rest = done.remaining > 0 ? `, ${done.remaining} are open` : '';
      return { json: done, text: `Sent ${done.replayed} of ${done.group} again${rest}.` };
    }
  }
}
