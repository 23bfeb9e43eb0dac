import { styleText } from 'node:util';
import { printableJson } from '../printable.ts';
import { runCommand } from '../run-command.ts';
import type { LookUp } from '../variables.ts';
import { help, type Options, parseOptions } from './options.ts';
import { renderStory } from './render.ts';
import { readStory } from './story.ts';

/** `npm run order`. */
export function orderCommand(args: string[], lookUp: LookUp): Promise<number> {
  return runCommand({ name: 'order', help, parse: parseOptions, run: (options) => show(options, lookUp) }, args);
}

async function show(options: Options, lookUp: LookUp): Promise<void> {
  const story = await readStory(options, lookUp);
  // Node adds no colours if stdout is not a terminal or NO_COLOR is set.
  const paint: Parameters<typeof renderStory>[1] = (style, text) => styleText(style, text, { stream: process.stdout });
  console.log(options.json ? printableJson(story) : renderStory(story, paint));
}
