import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { parse } from 'yaml';
import { addClient, builtInClients, type Client, keyId, removeClient, retireKey, rotateKey } from './clients.ts';
import { changeClients, clientsText, readClients } from './clients-file.ts';
import { parseOptions } from './options.ts';

const key = (name: string) => ({ key: name.repeat(64).slice(0, 64), madeAt: '2026-01-05T09:30:00.000Z' });
const partner: Client = { name: 'partner', id: 'partner-1a2b3c', group: 'storefront', keys: [key('a')] };

describe('the clients', () => {
  it('have unique names and ids, also compared with kong.yml', () => {
    const clients = addClient([], partner);
    expect(clients).toEqual([partner]);
    expect(() => addClient(clients, { ...partner, id: 'other' })).toThrow('The client partner already exists');
    expect(() => addClient(clients, { ...partner, name: 'other' })).toThrow('already has the id partner-1a2b3c');
    expect(() => addClient([], { ...partner, name: 'storefront' })).toThrow('The client storefront already exists');
    expect(() => addClient([], { ...partner, id: 'storefront-1' })).toThrow('already has the id storefront-1');
  });

  it('have two keys during a rotation, and never three', () => {
    const rotated = rotateKey([partner], 'partner', key('b'));
    expect(rotated).toEqual([{ ...partner, keys: [key('a'), key('b')] }]);
    expect(() => rotateKey(rotated, 'partner', key('c'))).toThrow('Revoke the older one first: retire partner');
    expect(retireKey(rotated, 'partner')).toEqual([{ ...partner, keys: [key('b')] }]);
    expect(() => retireKey([partner], 'partner')).toThrow('has only one key');
  });

  it('are removed with all their keys', () => {
    expect(removeClient([partner], 'partner')).toEqual([]);
  });

  it('are named in the error if they do not exist or are declared in kong.yml', () => {
    for (const change of [retireKey, removeClient]) {
      expect(() => change([partner], 'nobody')).toThrow('The client nobody does not exist');
      expect(() => change([partner], 'backoffice')).toThrow('backoffice is declared in kong/kong.yml');
    }
  });

  it('include those of kong.yml', () => {
    const { consumers } = parse(
      readFileSync(join(__dirname, '../../../kong/kong.yml'), 'utf8').replace(/\$\{\{.*?\}\}/g, 'x'),
    );
    const declared = consumers.map((one: { username: string; custom_id: string; acls: { group: string }[] }) => ({
      name: one.username,
      id: one.custom_id,
      group: one.acls[0]?.group,
    }));
    expect(builtInClients).toEqual(declared);
  });

  it('have key fingerprints that do not reveal the keys', () => {
    expect(keyId(key('a').key)).toMatch(/^[0-9a-f]{8}$/);
    expect(keyId(key('a').key)).not.toBe(keyId(key('b').key));
  });
});

describe('the file of clients', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clients-'));
    atEnd(() => rmSync(folder, { recursive: true }));
  });
  const path = () => join(folder, 'clients.json');

  it('is empty if it does not exist, and returns what was written', () => {
    expect(readClients(path())).toEqual([]);
    const two = { ...partner, keys: [key('a'), key('b')] };
    expect(changeClients(path(), () => [two])).toEqual([two]);
    expect(readClients(path())).toEqual([two]);
  });

  it('can be read only by its owner, and leaves no temporary file', () => {
    changeClients(path(), () => [partner]);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['clients.json']);
  });

  it('is unchanged after a refused change', () => {
    changeClients(path(), () => [partner]);
    expect(() => changeClients(path(), (known) => removeClient(known, 'nobody'))).toThrow(
      'The client nobody does not exist',
    );
    expect(readClients(path())).toEqual([partner]);
    expect(readdirSync(folder)).toEqual(['clients.json']);
  });

  it('is changed by one command at a time', () => {
    writeFileSync(`${path()}.lock`, '');
    expect(() => changeClients(path(), () => [partner])).toThrow(`remove ${path()}.lock`);
  });

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['of something else', '{"consumers":[]}', '_format_version'],
    ['with a client without a key', clientsText([{ ...partner, keys: [] }]), 'consumers.0.keyauth_credentials'],
  ])('is refused when it is %s, without its text', (_, text, reason) => {
    writeFileSync(path(), text);
    expect(() => changeClients(path(), () => [])).toThrow(reason);
    expect(readFileSync(path(), 'utf8')).toBe(text);
  });
});

describe('the options of clients', () => {
  it.each([
    [['list', '--json'], { command: 'list', json: true }],
    [
      ['add', 'partner', '--group', 'storefront'],
      { command: 'add', name: 'partner', group: 'storefront', json: false },
    ],
    [
      ['add', 'partner', '--group', 'backoffice', '--id', 'partner-1'],
      { command: 'add', name: 'partner', group: 'backoffice', id: 'partner-1', json: false },
    ],
    [['rotate', 'partner'], { command: 'rotate', name: 'partner', json: false }],
    [['--help'], 'help'],
  ])('reads %j', (args, expected) => {
    expect(parseOptions(args)).toEqual(expected);
  });

  it.each([
    [[], 'needs a command'],
    [['rename', 'a'], 'no command "rename"'],
    [['add', '--group', 'storefront'], 'add needs the name'],
    [['add', 'partner'], '--group takes storefront, backoffice, operations, not ""'],
    [['add', 'partner', '--group', 'root'], 'not "root"'],
    [['add', 'Partner', '--group', 'storefront'], 'a-z 0-9 -'],
    [['add', 'a', '--group', 'storefront', '--id', 'a b'], '--id takes'],
    [['remove', 'a', 'b'], 'one client'],
    [['remove', 'a', '--group', 'storefront'], 'for add'],
    [['list', 'a'], 'no name'],
    [['list', '--all'], "Unknown option '--all'"],
  ])('refuses %j in one line', (args, message) => {
    const refused = () => parseOptions(args);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
  });
});
