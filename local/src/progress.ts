import { styleText } from 'node:util';

export interface Progress {
  /** Shows a step when it starts and when it ends, with its duration. */
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Prints a line between the steps. */
  say: (text: string) => void;
}

/** Progress output: one line per finished step and, on a terminal, one line for all running steps. */
export function showProgress(output: NodeJS.WriteStream = process.stderr): Progress {
  const running = new Map<string, number>();
  const line = (text: string) => {
    clear(output);
    output.write(`${text}\n`);
  };

  const draw = () => {
    const names = [...running].map(([name, since]) => `${name} ${seconds(since)}`);
    clear(output);
    if (names.length > 0) output.write(styleText('dim', `  … ${names.join(', ')}`, { stream: output }));
  };

  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    running.set(name, since);
    const timer = output.isTTY ? setInterval(draw, 250) : undefined;
    try {
      const result = await work();
      line(`  ${styleText('green', '✓', { stream: output })} ${name.padEnd(28)} ${seconds(since)}`);
      return result;
    } catch (error) {
      line(`  ${styleText('red', '✗', { stream: output })} ${name.padEnd(28)} ${seconds(since)}`);
      throw error;
    } finally {
      running.delete(name);
      clearInterval(timer);
    }
  };
  return { step, say: line };
}

function clear(output: NodeJS.WriteStream): void {
  if (output.isTTY) output.write('\r\x1b[2K');
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
