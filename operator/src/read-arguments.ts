import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from '@shop/chassis/base/fault.ts';

/** Parses a command line into options (always with `--help`) and operands; throws a UsageError with a one-line message. */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  args: string[],
  options: T,
  allowPositionals = true,
) {
  try {
    const help = { type: 'boolean', short: 'h', default: false } as const;
    return parseArgs({ args, allowPositionals, options: { ...options, help } });
  } catch (error) {
    // Node's messages explain how to quote odd positionals after the first sentence.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}
