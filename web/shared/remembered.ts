/** What this browser remembers of the console. Without storage (a private window, a policy) it remembers nothing. */
type Remembered = 'locale' | 'theme' | 'person' | 'session-expires-at' | 'session-refreshed-at';

export function remembered(name: Remembered): string | undefined {
  try {
    return localStorage.getItem(`console.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: Remembered, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`console.${name}`);
    else localStorage.setItem(`console.${name}`, value);
  } catch {
    // It is a convenience.
  }
}
