import { remember, remembered } from '../remembered.ts';
import { type Locale, wordsIn } from './words.ts';

/** The language of this page: the chosen one, else the browser's. */
export const locale: Locale = chosenLocale();

/** Every text, in the language of this page. */
export const words = wordsIn(locale);

/** Reloads the page in this language. */
export function chooseLocale(chosen: Locale): void {
  remember('locale', chosen);
  location.reload();
}

function chosenLocale(): Locale {
  const chosen = remembered('locale');
  if (chosen === 'en' || chosen === 'de') return chosen;
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}
