import { locale } from '../words/locale.ts';
import { moneyText } from './money-text.ts';

interface MoneyProps {
  /** In the currency's minor units. */
  amount: number;
  currency: string;
}

/** An amount of money. */
export function Money({ amount, currency }: MoneyProps) {
  return <span>{moneyText(amount, currency, locale)}</span>;
}
