import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { previewPage } from './preview.ts';

const help = `mails preview [file]    write a page with all mails, as text and HTML, in all languages; nothing is sent`;

// Nobody follows a link of a preview.
const PUBLIC_URL = 'https://shop.example';

/** `mails preview [file]`: returns the exit code. */
export function mailsCommand(args: readonly string[], defaultFile: string): number {
  const [command, file = defaultFile] = args;
  if (command === '--help' || command === '-h') {
    console.log(help);
    return 0;
  }
  if (command !== 'preview' || args.length > 2)
    throw new UsageError(`mails takes preview, not "${args.join(' ')}"\n${help}`);
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, previewPage(PUBLIC_URL));
  console.log(`Open ${pathToFileURL(file).href}`);
  return 0;
}
