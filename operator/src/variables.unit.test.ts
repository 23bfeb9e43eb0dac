import { Fault } from '@shop/chassis/base/fault.ts';
import { lookUpIn } from './variables.ts';

describe('lookUpIn', () => {
  const lookUp = lookUpIn({ BASE_URL: 'http://127.0.0.1:8000', STOREFRONT_KEY: 'abc', BACKOFFICE_KEY: '' });

  it('returns the variables that are set', () => {
    expect(lookUp('BASE_URL', 'STOREFRONT_KEY')).toEqual({ BASE_URL: 'http://127.0.0.1:8000', STOREFRONT_KEY: 'abc' });
  });

  it('names all variables that are missing or empty', () => {
    expect(() => lookUp('BASE_URL', 'BACKOFFICE_KEY', 'OPERATIONS_KEY')).toThrow(
      new Fault('Set BACKOFFICE_KEY, OPERATIONS_KEY to choose the system.'),
    );
  });

  it('requires a URL', () => {
    expect(() => lookUpIn({ BASE_URL: 'shop.example' })('BASE_URL')).toThrow('BASE_URL is not a URL: "shop.example"');
  });
});
