/** Headless Chromium, controlled by the DevTools protocol, to test pages in a real browser. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';

/** The path of the installed browser, if any. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

// Tests must not depend on the Internet, and the browser must not connect to it.
const options = [
  ...['--headless', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  '--no-sandbox', // required to run as root
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--remote-debugging-port=0',
];

export interface BrowserPage {
  /** Opens a URL, or reloads the current one; resolves when the new document is loaded. */
  load(url?: string): Promise<void>;
  /** Evaluates an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** Evaluates an expression repeatedly until it is truthy; it must have no side effects. */
  eventually<T>(expression: string): Promise<T>;
  /** Clicks once on the element of a selector, as soon as it exists. */
  press(selector: string): Promise<void>;
}

/**
 * Starts a browser with an empty profile and one page of `width` pixels. It is closed after the test or file that opens
 * it.
 */
export async function openBrowser(width = 1280, height = 900): Promise<BrowserPage> {
  const profile = mkdtempSync(join(tmpdir(), 'shop-browser-'));
  atEnd(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  const child = spawn(chromium ?? '', [...options, `--user-data-dir=${profile}`, `--window-size=${width},${height}`], {
    stdio: 'ignore',
  });
  atEnd(() => ended(child));
  const port = await eventually(async () => {
    const path = join(profile, 'DevToolsActivePort');
    return (existsSync(path) && readFileSync(path, 'utf8').split('\n')[0]) || undefined;
  });
  const { webSocketDebuggerUrl } = await eventually(async () => {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Target[];
    return targets.find(({ type }) => type === 'page');
  });
  return connect(webSocketDebuggerUrl);
}

interface Target {
  type: string;
  webSocketDebuggerUrl: string;
}

interface Result {
  // of Runtime.evaluate
  result?: { value: unknown };
  exceptionDetails?: object;
  // of Page.navigate
  loaderId?: string;
  errorText?: string;
  // of Page.getFrameTree
  frameTree?: { frame: { id: string } };
}

interface Reply {
  id: number;
  error?: { message: string };
  result: Result;
}

interface LifecycleEvent {
  method: 'Page.lifecycleEvent';
  params: { name: string; frameId: string; loaderId: string };
}

async function connect(url: string): Promise<BrowserPage> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, (reply: Pick<Reply, 'error' | 'result'>) => void>();
  // The last loaded document of each frame.
  const loaded = new Map<string, string>();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Reply | LifecycleEvent;
    if ('id' in message) {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    } else if (message.method === 'Page.lifecycleEvent' && message.params.name === 'load') {
      loaded.set(message.params.frameId, message.params.loaderId);
    }
  };
  socket.onclose = () => {
    for (const answer of waiting.values()) answer({ error: { message: 'the browser has exited' }, result: {} });
  };
  let last = 0;
  const call = async (method: string, params: object = {}): Promise<Result> => {
    last += 1;
    const id = last;
    const reply = new Promise<Pick<Reply, 'error' | 'result'>>((resolve) => waiting.set(id, resolve));
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
    eventually(async () => (await evaluate<T | false>(expression)) || undefined);

  await call('Page.enable');
  await call('Page.setLifecycleEventsEnabled', { enabled: true });
  const mainFrame = (await call('Page.getFrameTree')).frameTree?.frame.id ?? '';
  return {
    evaluate,
    eventually: onceTrue,
    press: async (selector) => {
      await onceTrue(`document.querySelector('${selector}') !== null`);
      await evaluate(`document.querySelector('${selector}').click()`);
    },
    // No evaluation during the load: the old document may be unloaded during it. The browser's initial page, which may
    // still be loading, is an old document too. The loader id identifies the new document.
    load: async (address) => {
      const before = loaded.get(mainFrame);
      const { loaderId, errorText } = await (address === undefined
        ? call('Page.reload')
        : call('Page.navigate', { url: address }));
      if (errorText) throw new Error(`${address}: ${errorText}`);
      await eventually(() => {
        const now = loaded.get(mainFrame);
        return (loaderId === undefined ? now !== before : now === loaderId) || undefined;
      });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
