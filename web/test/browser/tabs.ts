/** Tabs of one browser that tests share. */
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** What a page must never do: an error of a script, a refusal of the Content-Security-Policy. */
function watchFaults(context: BrowserContext): string[] {
  const faults: string[] = [];
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => {
    const text = message.text();
    // The browser itself logs each answer of 4xx and lost connections, which pages handle.
    if (message.type() === 'error' && !/^Failed to load resource/.test(text)) faults.push(text);
  });
  return faults;
}

export interface Credentials {
  email: string;
  password: string;
}

export async function signInAs(page: Page, baseUrl: string, { email, password }: Credentials): Promise<void> {
  await page.goto(`${baseUrl}/console/sign-in`);
  await page.getByLabel('Mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** A tab of its own, without cookies of others. It is closed after the test. */
export async function openTab(browser: Browser): Promise<{ page: Page; context: BrowserContext; faults: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  atEnd(() => context.close());
  const faults = watchFaults(context);
  return { page: await context.newPage(), context, faults };
}
