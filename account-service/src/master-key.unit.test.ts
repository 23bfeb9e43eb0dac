import { createMasterKey } from './master-key.ts';

const [former, present, other] = ['f'.repeat(32), 'p'.repeat(32), 'o'.repeat(32)];
const plain = Buffer.from('a private key');

describe('the master key', () => {
  it('decrypts what it encrypted, and what its predecessor did', () => {
    const rotating = createMasterKey([present, former]);
    for (const key of [createMasterKey([former]), createMasterKey([present])])
      expect(rotating.decrypt(key.encrypt(plain, 'shop-1'), 'shop-1')).toEqual(plain);
    expect(createMasterKey([present]).decrypt(rotating.encrypt(plain, 'shop-1'), 'shop-1')).toEqual(plain);
  });

  it('encrypts the same differently each time', () => {
    const key = createMasterKey([present]);
    expect(key.encrypt(plain, 'shop-1')).not.toEqual(key.encrypt(plain, 'shop-1'));
  });

  it('refuses what another key encrypted, what has another context, and what was changed', () => {
    const key = createMasterKey([present]);
    const encrypted = key.encrypt(plain, 'shop-1');
    expect(() => createMasterKey([other]).decrypt(encrypted, 'shop-1')).toThrow(/ACCOUNT_MASTER_KEY/);
    expect(() => key.decrypt(encrypted, 'console-1')).toThrow(/ACCOUNT_MASTER_KEY/);
    for (const at of [0, 12, encrypted.length - 1]) {
      const changed = Buffer.from(encrypted);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => key.decrypt(changed, 'shop-1')).toThrow(/ACCOUNT_MASTER_KEY/);
    }
  });

  it('recognizes its own MAC and that of its predecessor, and no other', () => {
    const rotating = createMasterKey([present, former]);
    const mac = createMasterKey([former]).mac('email-token', plain);
    expect(rotating.isMac('email-token', plain, mac)).toBe(true);
    expect(rotating.isMac('email-token', plain, rotating.mac('email-token', plain))).toBe(true);
    expect(createMasterKey([other]).isMac('email-token', plain, mac)).toBe(false);
    expect(rotating.isMac('email-token', Buffer.from('other'), mac)).toBe(false);
    expect(rotating.isMac('email-token', plain, mac.subarray(1))).toBe(false);
  });
});
