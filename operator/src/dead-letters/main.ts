import { UsageError } from '@shop/chassis/base/fault.ts';
import { printableJson, printableLines } from '../printable.ts';
import type { LookUp } from '../variables.ts';
import { connectOperations, type Operations } from './operations.ts';
import { help, type Options, parseOptions } from './options.ts';
import { renderGroups, renderLetters, renderWhole } from './render.ts';

/** `npm run dead-letters`: returns the exit code; the caller prints faults. */
export async function deadLettersCommand(args: string[], lookUp: LookUp): Promise<number> {
  let options: Options | 'help';
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(printableLines(`${error.message}\nHelp: npm run dead-letters -- --help`));
    return 2;
  }
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  const operations = connectOperations(options.services, lookUp);
  const { json, text } = await run(operations, options);
  console.log(options.json ? printableJson(json) : printableLines(text));
  return 0;
}

async function run(operations: Operations, options: Options): Promise<{ json: object; text: string }> {
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
