/** Compares the Lua of kong.yml with its implementation in the local gateway on the same calls. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { firstValue } from '@shop/stand-in/headers.ts';
import { createKeyGuard } from '@shop/stand-in/key-guard.ts';
import type { Call } from '@shop/stand-in/plugins.ts';
import fc from 'fast-check';
import { parse } from 'yaml';

interface Case {
  key?: string;
  idempotencyKey?: string;
  address: string;
  tags: string[];
  passedSeconds: number;
}

const VALID_KEY = 'a-valid-key';
const kongYml = parse(readFileSync(join(__dirname, 'kong.yml'), 'utf8'));
const { access, header_filter } = kongYml.plugins.find((p: { name: string }) => p.name === 'pre-function').config;

/** The parts of Kong's API that the functions use, with minimal versions of key-auth and acl. */
const kong = `
local now, call, answer = 0
local function shared()
  local entries = {}
  local function live(name)
    local entry = entries[name]
    if entry and entry.expires > now then return entry end
  end
  return {
    get = function(_, name) local entry = live(name) return entry and entry.value end,
    set = function(_, name, value, seconds) entries[name] = { value = value, expires = now + seconds } end,
    incr = function(_, name, by, init, seconds)
      local entry = live(name) or { value = init, expires = now + seconds }
      entry.value = entry.value + by
      entries[name] = entry
    end,
  }
end
ngx = { shared = { kong_rate_limiting_counters = shared() } }
kong = {
  ctx = {},
  router = { get_route = function() return { tags = call.tags } end },
  client = { get_forwarded_ip = function() return call.address end, get_credential = function() return call.credential end },
  request = { get_header = function(name) return call[name] end },
  response = {
    error = function(status, message, headers) answer = { status, message, headers } error(answer) end,
    get_status = function() return answer and answer[1] or 200 end,
    get_source = function() return answer and "exit" or "service" end,
    set_header = function(name, value) call.answered = name .. ": " .. value end,
  },
}
local access, header_filter = assert(loadstring(ACCESS)), assert(loadstring(HEADER_FILTER))
local function run(one)
  call, answer, now, kong.ctx.plugin = one, nil, now + one.passed, {}
  local ok, fault = pcall(access)
  if not ok and fault ~= answer then error(fault) end
  local byGuard = answer
  if not answer and not one.keyless then
    if one.apikey == VALID_KEY then one.credential = { id = "1" } else answer = { 401 } end
    if one.credential and not one.allowed then answer = { 403 } end
  end
  header_filter()
  local headers = byGuard and byGuard[3] or {}
  local refusal = byGuard and table.concat({ byGuard[1], byGuard[2], headers["Retry-After"] or "", headers["WWW-Authenticate"] or "" }, "|")
  print(refusal or one.answered or "passes")
end
`;

const quoted = (text: string) =>
  `"${[...Buffer.from(text, 'latin1')].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;

const isKeyless = (tags: string[]) => tags.includes('keyless');
const isAllowed = (tags: string[]) => tags.includes('callers:storefront');

function answersOfLua(cases: Case[]): string[] {
  const calls = cases.map(({ key, idempotencyKey, address, tags, passedSeconds }) => {
    const headers = [
      ...(key === undefined ? [] : [`apikey = ${quoted(key)}`]),
      ...(idempotencyKey === undefined ? [] : [`["idempotency-key"] = ${quoted(idempotencyKey)}`]),
    ];
    const route = [
      `tags = { ${tags.map(quoted).join(', ')} }`,
      `keyless = ${isKeyless(tags)}`,
      `allowed = ${isAllowed(tags)}`,
    ];
    return `run({ ${[...headers, ...route, `address = ${quoted(address)}`, `passed = ${passedSeconds}`].join(', ')} })`;
  });
  const texts = { ACCESS: access[0], HEADER_FILTER: header_filter[0], VALID_KEY };
  const head = Object.entries(texts).map(([name, text]) => `local ${name} = ${quoted(text)}`);
  // One function per call, because a single function would have too many constants.
  const program = [...head, kong, ...calls.map((each) => `(function() ${each} end)()`.replace(/^/, ';'))].join('\n');
  const { status, stdout, stderr } = spawnSync('luajit', ['-'], { input: program, encoding: 'latin1', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

function answersOfStandIn(cases: Case[]): string[] {
  let now = 0;
  const guard = createKeyGuard(() => now);
  return cases.map(({ key, idempotencyKey, address, tags, passedSeconds }) => {
    now += passedSeconds * 1_000;
    const headers = [
      ...(key === undefined ? [] : ['apikey', key]),
      ...(idempotencyKey === undefined ? [] : ['idempotency-key', idempotencyKey]),
    ];
    const call: Call = { headers, remoteAddress: address, query: '', answerHeaders: [] };
    const answer = guard.before(call, tags);
    const known = !answer && !isKeyless(tags) && key === VALID_KEY;
    if (known) call.consumer = { id: '1', credentialId: '1', username: 'storefront', groups: [] };
    const forbidden = known && !isAllowed(tags) ? { status: 403, message: '' } : undefined;
    const unknown = known || isKeyless(tags) ? undefined : { status: 401, message: 'Unauthorized' };
    guard.after(call, tags, answer ?? forbidden ?? unknown);
    if (call.answerHeaders.length > 0) return call.answerHeaders.join(': ');
    if (!answer) return 'passes';
    const header = (name: string) => firstValue(answer.headers ?? [], name) ?? '';
    return [answer.status, answer.message, header('Retry-After'), header('WWW-Authenticate')].join('|');
  });
}

const anyBytes = fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const anyCase: fc.Arbitrary<Case> = fc.record({
  key: fc.oneof(fc.constant(undefined), fc.constant(VALID_KEY), fc.constant('wrong'), anyBytes),
  idempotencyKey: fc.oneof(fc.constant(undefined), fc.constant('order-1'), anyBytes),
  address: fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1'),
  tags: fc.constantFrom(
    ['orders', 'keyless'],
    ['orders', 'callers:storefront', 'callers:backoffice'],
    ['orders', 'callers:backoffice', 'callers:operations'],
  ),
  passedSeconds: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 61, 3_601),
});
/** Calls without a key until their address has reached the limit. */
const refused = Array.from({ length: 301 }, (): Case => ({ address: '192.0.2.1', tags: ['orders'], passedSeconds: 0 }));

const luajit = spawnSync('luajit', ['-v']).status === 0;

describeNeeding('LuaJIT', luajit, 'the key guard', () => {
  it('is the same in Lua and in the stand-in, for keys and addresses of every kind', () => {
    const cases = [
      ...fc.sample(anyCase, { numRuns: 300, seed: 1 }),
      ...refused,
      ...fc.sample(anyCase, { numRuns: 300, seed: 2 }),
    ];
    const answers = answersOfStandIn(cases);
    expect(answersOfLua(cases)).toEqual(answers);
    const kinds = new Set(answers.map((answer) => answer.slice(0, 3)));
    expect([...kinds].sort()).toEqual(['400', '401', '429', 'X-A', 'pas']);
  });
});
