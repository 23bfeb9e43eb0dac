/** Chromium without a window, driven over its DevTools protocol: what a person who opens a page would see. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';

/** The browser of this machine, if it has one. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

// Nothing may depend on the Internet, and nothing of the browser's own goes there.
const options = [
  ...['--headless', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  '--no-sandbox', // as root it runs no other way
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--remote-debugging-port=0',
];

export interface BrowserPage {
  /** Goes to an address, or loads the present one again. */
  load(url?: string): Promise<void>;
  /** The value of an expression in the page, which may be a promise. */
  evaluate<T>(expression: string): Promise<T>;
  /** The value of an expression once it is neither false nor empty. */
  eventually<T>(expression: string): Promise<T>;
  /** Clicks on what a selector finds, once it is there. */
  press(selector: string): Promise<void>;
}
export interface Browser {
  page: BrowserPage;
  close(): Promise<void>;
}

/** Starts a browser with an empty profile and one page, `width` pixels wide. */
export async function openBrowser(width = 1280, height = 900): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'shop-browser-'));
  const child = spawn(chromium ?? '', [...options, `--user-data-dir=${profile}`, `--window-size=${width},${height}`], {
    stdio: 'ignore',
  });
  const close = async () => {
    await ended(child);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await eventually(async () => {
      const path = join(profile, 'DevToolsActivePort');
      return (existsSync(path) && readFileSync(path, 'utf8').split('\n')[0]) || undefined;
    });
    const targets = await eventually(async () => {
      const list = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Target[];
      return list.some(({ type }) => type === 'page') ? list : undefined;
    });
    const { webSocketDebuggerUrl } = targets.find(({ type }) => type === 'page') as Target;
    return { page: await connect(webSocketDebuggerUrl), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Target = { type: string; webSocketDebuggerUrl: string };
type Reply = {
  id: number;
  error?: { message: string };
  result: { result?: { value: unknown }; exceptionDetails?: object };
};

async function connect(url: string): Promise<BrowserPage> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.onmessage = ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  };
  let last = 0;
  const call = async (method: string, params: object): Promise<Reply['result']> => {
    last += 1;
    const id = last;
    const reply = new Promise<Reply>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, result } = await reply;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result?.value as T;
  };
  const onceTrue = <T>(expression: string) =>
    eventually(async () => (await evaluate<T | false>(expression).catch(() => undefined)) || undefined);
  return {
    evaluate,
    eventually: onceTrue,
    press: async (selector) => {
      await onceTrue(
        `((found) => found !== null && found.click() === undefined)(document.querySelector('${selector}'))`,
      );
    },
    load: async (address) => {
      // What is loaded is a new document, so the mark on the old one tells when it has come.
      await evaluate('document.isOld = true');
      await (address === undefined ? call('Page.reload', {}) : call('Page.navigate', { url: address }));
      await eventually(
        async () =>
          (await evaluate<boolean>("!document.isOld && document.readyState === 'complete'").catch(() => false)) ||
          undefined,
        60_000,
      );
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
