import { Fault } from '@shop/chassis/base/fault.ts';
import { lookUpIn } from './variables.ts';

describe('lookUpIn', () => {
  const lookUp = lookUpIn({ BASE_URL: 'http://127.0.0.1:8000', STOREFRONT_KEY: 'abc', BACKOFFICE_KEY: '' });

  it('finds what is there', () => {
    expect(lookUp('BASE_URL', 'STOREFRONT_KEY')).toEqual({ BASE_URL: 'http://127.0.0.1:8000', STOREFRONT_KEY: 'abc' });
  });

  it('names everything that is missing or empty', () => {
    expect(() => lookUp('BASE_URL', 'BACKOFFICE_KEY', 'OPERATIONS_KEY')).toThrow(
      new Fault('Set BACKOFFICE_KEY, OPERATIONS_KEY to choose the system.'),
    );
  });

  it('wants an address', () => {
    expect(() => lookUpIn({ BASE_URL: 'shop.example' })('BASE_URL')).toThrow('BASE_URL is not a URL: "shop.example"');
  });
});
