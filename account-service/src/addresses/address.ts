import { text } from '@shop/chassis/base/text.ts';
import { z } from 'zod';

/** Where a parcel goes. Only presence and length are checked: every country has other rules. */
export const postalAddress = z.strictObject({
  name: text(1, 200).meta({ description: 'Who receives the parcel' }),
  street: text(1, 200).meta({ description: 'With the number' }),
  postalCode: text(1, 20),
  city: text(1, 100),
  country: text(1, 100),
});
export type PostalAddress = z.output<typeof postalAddress>;

/** An address of an account. */
export interface Address extends PostalAddress {
  id: string;
  version: number;
}

/** The schema of {@link toAddressView}. */
export const addressView = z
  .strictObject({ id: z.uuidv7(), ...postalAddress.shape, version: z.int().min(1) })
  .meta({ id: 'Address' });

/** An address in HTTP responses. */
export function toAddressView({ id, name, street, postalCode, city, country, version }: Address): Address {
  return { id, name, street, postalCode, city, country, version };
}

/** Whether two addresses are the same, whatever their ids and versions. */
export function isSameAddress(one: PostalAddress, other: PostalAddress): boolean {
  return (Object.keys(postalAddress.shape) as (keyof PostalAddress)[]).every((member) => one[member] === other[member]);
}
