import { accountsWords } from './accounts.ts';
import { booksWords } from './books.ts';
import { failuresWords } from './failures.ts';
import { ordersWords } from './orders.ts';
import { overviewWords } from './overview.ts';
import { partsWords } from './parts.ts';
import { shellWords } from './shell.ts';
import { stockWords } from './stock.ts';

/**
 * Every text of the pages, in each language. A sentence with values is a function, so that each language orders them as it needs.
 * An area of the pages has a file of its own; a text that lacks a language does not compile.
 */
const messages = {
  accounts: accountsWords,
  books: booksWords,
  overview: overviewWords,
  shell: shellWords,
  orders: ordersWords,
  parts: partsWords,
  stock: stockWords,
  failures: failuresWords,
};

export type Locale = 'en' | 'de';

/** A text, or what makes one of values, in each language. */
// biome-ignore lint/suspicious/noExplicitAny: the values of a message are its own
type Message = Readonly<Record<Locale, string>> | Readonly<Record<Locale, (...values: any[]) => string>>;

type InOneLanguage<Area extends Record<string, Message>> = {
  readonly [Name in keyof Area]: Area[Name]['en'] extends string ? string : Area[Name]['en'];
};
export type Words = { readonly [Area in keyof typeof messages]: InOneLanguage<(typeof messages)[Area]> };

/** All texts in one language. */
export function wordsIn(locale: Locale): Words {
  const area = (texts: Record<string, Message>) =>
    Object.fromEntries(Object.entries(texts).map(([name, message]) => [name, message[locale]]));
  return Object.fromEntries(Object.entries(messages).map(([name, texts]) => [name, area(texts)])) as unknown as Words;
}
