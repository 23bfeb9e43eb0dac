import { styleText } from 'node:util';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { printableJson, printableLines } from '../printable.ts';
import type { LookUp } from '../variables.ts';
import { help, type Options, parseOptions } from './options.ts';
import { renderStory } from './render.ts';
import { readStory } from './story.ts';

/** `npm run order`: returns the exit code; the caller prints faults. */
export async function orderCommand(args: string[], lookUp: LookUp): Promise<number> {
  let options: Options | 'help';
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(printableLines(`${error.message}\nHelp: npm run order -- --help`));
    return 2;
  }
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  const story = await readStory(options, lookUp);
  // Node adds no colours if stdout is not a terminal or NO_COLOR is set.
  const paint: Parameters<typeof renderStory>[1] = (style, text) => styleText(style, text, { stream: process.stdout });
  console.log(options.json ? printableJson(story) : renderStory(story, paint));
  return 0;
}
