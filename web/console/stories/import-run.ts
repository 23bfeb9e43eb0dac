/**
 * The import of a file: its adjustments are sent in batches, each adjustment under a key that is made once from the import's id
 * and the line. Lines and answers are kept in the browser, so that an import goes on after a reload, a lost answer or an error
 * where it was: what is sent again has its effect once.
 */

import type { FileAdjustment } from './adjustments-file.ts';

/** An import that was begun, and is kept until the person puts it away. */
export interface ImportRun {
  id: string;
  /** Who began it. Keys belong to an account: under another one, the same lines would have their effect again. */
  accountId: string;
  fileName: string;
  startedAt: string;
  adjustments: FileAdjustment[];
}

/** What became of an adjustment: the units on hand right after it, or why it was not made. */
export interface LineResult {
  onHand?: number;
  code?: string;
}

/** As `products.adjustAll` of the client. */
export type AdjustAll = (
  body: { adjustments: { key: string; sku: string; delta: number; reason: string }[] },
  options: { key: string; signal: AbortSignal },
) => Promise<{ results: LineResult[] }>;

const BATCH_SIZE = 1_000;
// The gateway takes bodies of 1 MiB. Long reasons in other scripts reach it before the number of lines does.
const BATCH_BYTES = 900_000;
// What a line has besides in the body: its key.
const KEY_BYTES = 60;
const encoder = new TextEncoder();
const LOCKED_CODES = ['request-in-progress', 'unavailable'];
// The service decides these afresh when they come again: somebody may have created the product meanwhile.
const OPEN_CODES = [...LOCKED_CODES, 'product-not-found', 'validation-failed'];
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/** How far an import is, in lines. */
export interface ImportProgress {
  total: number;
  made: number;
  refused: number;
  /** Of the refused ones, those that may be sent again. */
  repeatable: number;
}

/** The batches of an import, by their number: the same ones whenever they are asked for. */
export function batchesOf({ adjustments }: ImportRun): FileAdjustment[][] {
  const batches: FileAdjustment[][] = [];
  let bytes = 0;
  for (const adjustment of adjustments) {
    const size = encoder.encode(JSON.stringify(adjustment)).length + KEY_BYTES;
    const last = batches.at(-1);
    if (last && last.length < BATCH_SIZE && bytes + size <= BATCH_BYTES) {
      last.push(adjustment);
      bytes += size;
    } else {
      batches.push([adjustment]);
      bytes = size;
    }
  }
  return batches;
}

/** The sum of the results so far. */
export function progressOf(run: ImportRun, results: readonly (readonly LineResult[] | undefined)[]): ImportProgress {
  const all = results.flatMap((batch) => batch ?? []);
  const refused = all.filter(({ code }) => code !== undefined);
  return {
    total: run.adjustments.length,
    made: all.length - refused.length,
    refused: refused.length,
    repeatable: refused.filter(isRepeatable).length,
  };
}

/** Each line of an import, with its result if there is one. */
export function resultsByLine(
  run: ImportRun,
  results: readonly (readonly LineResult[] | undefined)[],
): (FileAdjustment & LineResult)[] {
  return batchesOf(run).flatMap((batch, number) =>
    batch.map((adjustment, index) => ({ ...adjustment, ...results[number]?.[index] })),
  );
}

/** Whether every line has an answer. */
export function isComplete(run: ImportRun, results: readonly (readonly LineResult[] | undefined)[]): boolean {
  const { total, made, refused } = progressOf(run, results);
  return made + refused === total;
}

/** Whether the line may be sent again under its key. */
export function isRepeatable({ code }: LineResult): boolean {
  return code !== undefined && OPEN_CODES.includes(code);
}

interface RunOptions {
  adjustAll: AdjustAll;
  /** The results that are there already, by batch. */
  results: readonly (readonly LineResult[] | undefined)[];
  /** Called with each batch's results, before the next batch is sent. */
  keep: (batch: number, results: LineResult[]) => void;
  signal: AbortSignal;
  /** Whether refused lines that may be sent again are. */
  repeat?: boolean;
  pauseMs?: number;
}

/** Send what has no answer yet. Throws what the client throws; the next call goes on behind the last answer. */
export async function runImport(run: ImportRun, options: RunOptions): Promise<void> {
  for (const [batch, adjustments] of batchesOf(run).entries()) {
    const known = options.results[batch];
    if (known && !(options.repeat && known.some(isRepeatable))) continue;
    options.keep(batch, await sendBatch(run, batch, adjustments, options));
  }
}

async function sendBatch(
  { id }: ImportRun,
  batch: number,
  adjustments: FileAdjustment[],
  { adjustAll, signal, pauseMs = PAUSE_MS }: RunOptions,
): Promise<LineResult[]> {
  const body = {
    adjustments: adjustments.map(({ line, sku, delta, reason }) => ({ key: `${id}-${line}`, sku, delta, reason })),
  };
  for (let attempt = 1; ; attempt += 1) {
    const { results } = await adjustAll(body, { key: `${id}-batch-${batch}`, signal });
    const isLocked = results.some(({ code }) => code !== undefined && LOCKED_CODES.includes(code));
    if (!isLocked || attempt === ATTEMPTS) return results.map(({ onHand, code }) => ({ onHand, code }));
    await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (attempt - 1)));
    signal.throwIfAborted();
  }
}
