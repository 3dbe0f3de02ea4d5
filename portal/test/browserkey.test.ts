// Keys as a browser makes them, judged by other programs: openssl, 7-Zip, bsdtar, and our own command where it is built.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { archiveOpens, writeArchive } from '../src/browserkey/archive';
import { ascii, pem, type Bytes } from '../src/browserkey/bytes';
import { checkSymbol, codeGroups, newCode } from '../src/browserkey/code';
import { addressBytes, nameOf } from '../src/browserkey/csr';
import { integer, number, octets, oid, tlv } from '../src/browserkey/der';
import { canMakeKeys, ecdsaValue, generate, sign, usableTypes } from '../src/browserkey/keypair';
import { makeKeyFile, type Made } from '../src/browserkey/make';
import { encryptPkcs8 } from '../src/browserkey/pbes2';

// node 18 keeps it behind a switch; browsers have it.
if (!globalThis.crypto) Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true });

let dir = '';
before(() => { dir = mkdtempSync(join(tmpdir(), 'autocsr-portal-')); });
after(() => rmSync(dir, { recursive: true }));
const hex = (b: ArrayLike<number>) => Buffer.from(Array.from(b)).toString('hex');
const has = (t: TestContext, program: string) => {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!found) t.skip(`no ${program}`);
  return found;
};
const run = (program: string, args: string[], input?: string | Buffer) => execFileSync(program, args, { cwd: dir, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
const fails = (program: string, args: string[]) => spawnSync(program, args, { cwd: dir }).status !== 0;

// Each with the signature that its CSR carries.
const TYPES = [['rsa:2048', 'sha256WithRSAEncryption'], ['rsa:4096', 'sha256WithRSAEncryption'], ['ec:p256', 'ecdsa-with-SHA256'], ['ec:p384', 'ecdsa-with-SHA384'], ['ec:p521', 'ecdsa-with-SHA512'], ['ed25519', 'ED25519']] as const;
const NAMES = ['www.example.com', '*.example.com', '192.0.2.7', '2001:db8::7'];
const wish = (keyType: string, format: 'zip' | 'pkcs8' = 'zip', subject: Record<string, string> = {}, names = NAMES) =>
  makeKeyFile({ names, subject, keyType, format, base: 'www.example.com' });

/** The key inside, as openssl gives its public half. */
function openedBy7z(made: Made): string {
  writeFileSync(join(dir, made.fileName), made.file);
  return run('7z', ['x', '-so', `-p${made.code}`, made.fileName]);
}
const publicOf = (key: string, ...more: string[]) => run('openssl', ['pkey', '-pubout', ...more], key);
const publicInCsr = (made: Made) => run('openssl', ['req', '-noout', '-pubkey'], made.csr);

test('DER: lengths, numbers and object identifiers', () => {
  assert.equal(hex(tlv(4)), '0400');
  assert.equal(hex(octets(new Uint8Array(127)).subarray(0, 2)), '047f');
  assert.equal(hex(octets(new Uint8Array(128)).subarray(0, 3)), '048180');
  assert.equal(hex(octets(new Uint8Array(256)).subarray(0, 4)), '04820100');
  assert.throws(() => octets(new Uint8Array(65536)), RangeError);
  assert.equal(hex(integer([0, 0, 0x7f])), '02017f');
  assert.equal(hex(integer([0x80])), '02020080');
  assert.equal(hex(integer([0, 0])), '020100');
  assert.equal(hex(number(600000)), '0203' + '0927c0');
  assert.equal(hex(oid('1.2.840.113549.1.1.11')), '06092a864886f70d01010b');
  assert.equal(hex(oid('2.16.840.1.101.3.4.1.42')), '060960864801650304012a');
  assert.equal(hex(oid('2.5.29.17')), '0603551d11');
});

test('an ECDSA value loses leading zeros and gets one where the sign would change', () => {
  const raw = new Uint8Array(64).fill(1);
  raw[0] = 0; raw[1] = 0x90; raw[32] = 0xff;
  const der = ecdsaValue(raw, 32);
  assert.equal(der[3], 32, 'r: 31 bytes and a zero');
  assert.equal(der[4], 0);
  assert.equal(der[4 + 32 + 1], 33, 's: 32 bytes and a zero');
});

test('addresses', () => {
  assert.equal(addressBytes('www.example.com'), null);
  assert.deepEqual(addressBytes('192.0.2.7'), [192, 0, 2, 7]);
  assert.equal(hex(addressBytes('::1')!), '00000000000000000000000000000001');
  assert.equal(hex(addressBytes('2001:db8::7:8')!), '20010db8000000000000000000070008');
  assert.equal(hex(addressBytes('1:2:3:4:5:6:7:8')!), '00010002000300040005000600070008');
  assert.equal(hex(addressBytes('2001:db8::')!), '20010db8000000000000000000000000');
  assert.equal(hex(addressBytes('::ffff:192.0.2.7')!), '00000000000000000000ffffc0000207');
});

test('a PEM is what openssl would write, for every length of the last line', () => {
  for (let n = 1; n < 200; n++) {
    const bytes = crypto.getRandomValues(new Uint8Array(n));
    const body = Buffer.from(bytes).toString('base64').replace(/.{1,64}/g, '$&\n');
    assert.equal(new TextDecoder().decode(pem('X', bytes)), `-----BEGIN X-----\n${body}-----END X-----\n`, `${n} bytes`);
  }
});

test('unlock codes: 26 characters, no two alike, each character as often as any', () => {
  const codes = Array.from({ length: 2000 }, () => new TextDecoder().decode(newCode()));
  assert.equal(new Set(codes).size, codes.length);
  const counts = new Map<string, number>();
  for (const code of codes) { assert.match(code, /^[0-9A-HJKMNP-TV-Z]{26}$/); for (const c of code) counts.set(c, (counts.get(c) ?? 0) + 1); }
  assert.equal(counts.size, 32);
  for (const [c, n] of counts) assert.ok(Math.abs(n - 1625) < 6 * 40, `${c} came ${n} times`);
  assert.deepEqual(codeGroups('ABCDEFGHJKMNPQRSTVWXYZ0123'), ['ABCDE', 'FGHJK', 'MNPQR', 'STVWX', 'YZ0123']);
});

test('the check symbol is the service\'s: the number modulo 37', () => {
  for (const text of ['00000000000000000000000000', 'ZZZZZZZZZZZZZZZZZZZZZZZZZZ', 'ABCDEFGHJKMNPQRSTVWXYZ0123']) {
    const value = [...text].reduce((n, c) => n * 32n + BigInt('0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c)), 0n);
    assert.equal(checkSymbol(ascii(text)), '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U'[Number(value % 37n)]);
  }
});

test('which kinds there are is tried, not guessed', async () => {
  assert.ok(canMakeKeys());
  assert.deepEqual(await usableTypes(['ml-dsa-65', 'rsa:2048', 'ed25519', 'ed448', 'ec:p384']), ['rsa:2048', 'ed25519', 'ec:p384']);
  await assert.rejects(generate('ml-dsa-65'), /no browser makes/);
});

test('without WebCrypto no kind is offered', async () => {
  const whole = globalThis.crypto;
  Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: () => undefined }, configurable: true });
  try {
    assert.equal(canMakeKeys(), false);
    assert.deepEqual(await usableTypes(['rsa:2048', 'ec:p256']), []);
  } finally { Object.defineProperty(globalThis, 'crypto', { value: whole, configurable: true }); }
});

for (const [type, signature] of TYPES) {
  test(`${type}: the CSR verifies, the archive opens, both hold one key`, async (t) => {
    if (!has(t, 'openssl') || !has(t, '7z')) return;
    const made = await wish(type);
    const text = run('openssl', ['req', '-noout', '-text', '-verify'], made.csr);
    assert.match(text, /DNS:www\.example\.com, DNS:\*\.example\.com, IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:7/);
    assert.match(text, /TLS Web Server Authentication/);
    assert.match(text, new RegExp(`Signature Algorithm: ${signature}`, 'i'));
    const key = openedBy7z(made);
    assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(publicOf(key), publicInCsr(made));
    if (type !== 'ed25519') run('openssl', ['pkey', '-noout', '-check'], key);
    assert.equal(made.fileName, 'www.example.com.zip');
    assert.equal(made.check, checkSymbol(ascii(made.code)));
  });
}

for (const type of ['rsa:2048', 'ec:p256', 'ed25519']) {
  test(`${type}: the encrypted PKCS#8 opens with openssl and the code, and with no other`, async (t) => {
    if (!has(t, 'openssl')) return;
    const made = await wish(type, 'pkcs8');
    const file = Buffer.from(made.file).toString();
    assert.equal(made.fileName, 'www.example.com.key.pem');
    assert.match(file, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    writeFileSync(join(dir, 'p8.key'), file);
    assert.equal(publicOf('', '-in', 'p8.key', '-passin', `pass:${made.code}`), publicInCsr(made));
    assert.ok(fails('openssl', ['pkey', '-in', 'p8.key', '-noout', '-passin', `pass:${'A'.repeat(26)}`]));
    const shape = run('openssl', ['asn1parse'], file);
    for (const word of ['PBES2', 'PBKDF2', ':0927C0', 'hmacWithSHA256', 'aes-256-cbc']) assert.ok(shape.includes(word), word);
  });
}

test('the archive is AE-2 with 256 bits, no CRC, one entry; 7-Zip, bsdtar and autocsr agree', async (t) => {
  if (!has(t, '7z')) return;
  const made = await wish('ec:p256');
  const key = openedBy7z(made);
  const listing = run('7z', ['l', '-slt', made.fileName]);
  assert.match(listing, /Method = AES-256 Store/);
  assert.match(listing, /Encrypted = \+/);
  assert.match(listing, /CRC = \n/);
  assert.equal(listing.match(/^Path = /gm)!.length, 2, 'the archive and one entry');
  const view = new DataView(made.file.buffer);
  assert.equal(view.getUint32(14, true), 0, 'CRC in the local header');
  assert.equal(view.getUint16(30 + 'www.example.com.key'.length + 4, true), 2, 'AE-2');
  assert.ok(fails('7z', ['t', `-p${'A'.repeat(26)}`, made.fileName]));
  if (spawnSync('bsdtar', ['--version']).status === 0) assert.equal(run('bsdtar', ['-xOf', made.fileName, '--passphrase', made.code]), key);
  const build = process.env['AUTOCSR_BUILD'];
  const own = build ? join(build, 'src/cli/autocsr') : '';
  if (!own || spawnSync(own, ['--version']).status !== 0) return;
  writeFileSync(join(dir, 'code'), `${codeGroups(made.code).join('-')} ${made.check}\n`, { mode: 0o600 });
  run(own, ['archive', 'open', made.fileName, '--code-file', 'code', '--out', 'own.key']);
  assert.equal(readFileSync(join(dir, 'own.key'), 'utf8'), key);
  const shown = JSON.parse(run(own, ['archive', 'show', made.fileName, '--json'])) as Record<string, unknown>;
  assert.equal(shown['bits'] ?? shown['aes_bits'], 256);
});

test('an archive of any length opens: blocks end anywhere', async (t) => {
  if (!has(t, '7z')) return;
  for (const n of [1, 15, 16, 17, 255, 4096 + 5]) {
    const plain = crypto.getRandomValues(new Uint8Array(n)), code = newCode();
    const file = await writeArchive('a.key', plain, code, new Date(Date.UTC(2026, 10, 23, 12, 34, 56)));
    writeFileSync(join(dir, 'a.zip'), file);
    const got = execFileSync('7z', ['x', '-so', `-p${new TextDecoder().decode(code)}`, 'a.zip'], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
    assert.equal(hex(got), hex(plain), `${n} bytes`);
    assert.ok(await archiveOpens(file, code, plain));
  }
  if (has(t, 'bsdtar')) assert.match(execFileSync('bsdtar', ['-tvf', 'a.zip'], { cwd: dir, encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } }), /^-rw-------.* a\.key/);
});

test('reading back finds every kind of damage', async () => {
  const plain = ascii('the key') as Bytes, code = newCode();
  const file = await writeArchive('a.key', plain, code, new Date());
  assert.ok(await archiveOpens(file, code, plain));
  assert.ok(!await archiveOpens(file, newCode(), plain), 'another code');
  assert.ok(!await archiveOpens(file, code, ascii('another') as Bytes), 'another key');
  const start = 30 + 5 + 11;
  for (const [what, at] of [['salt', start], ['verifier', start + 16], ['ciphertext', start + 18], ['seal', start + 18 + 7]] as const) {
    const bad = file.slice();
    bad[at]! ^= 1;
    assert.ok(!await archiveOpens(bad, code, plain), what);
  }
});

test('the subject stands in the service\'s order, countries and numbers as PrintableString', async (t) => {
  if (!has(t, 'openssl')) return;
  const subject = { O: 'Muster & Söhne', C: 'DE', L: 'Köln', ST: 'NRW', businessCategory: 'Private Organization', jurisdictionC: 'DE', serialNumber: 'HRB 1', street: 'Weg 1', postalCode: '50667' };
  const made = await wish('ec:p256', 'zip', subject);
  const text = run('openssl', ['req', '-noout', '-subject', '-nameopt', 'sep_comma_plus,utf8,sname'], made.csr);
  assert.equal(text.trim().replace(/^subject=\s*/, ''),
    'C=DE,ST=NRW,L=Köln,postalCode=50667,street=Weg 1,O=Muster & Söhne,jurisdictionC=DE,businessCategory=Private Organization,serialNumber=HRB 1,CN=www.example.com');
  assert.equal(hex(nameOf({ C: 'DE' })), '300d310b3009060355040613024445');
  assert.equal(hex(nameOf({})), '3000');
});

test('no name short enough for a common name: an empty subject, and the names are critical', async (t) => {
  if (!has(t, 'openssl')) return;
  const long = `${'a'.repeat(60)}.example.com`;
  const made = await wish('ec:p256', 'zip', {}, [long]);
  const text = run('openssl', ['req', '-noout', '-text', '-verify'], made.csr);
  assert.match(text, /Subject: *\n/);
  assert.match(text, /Subject Alternative Name: critical\n/);
  const both = await wish('ec:p256', 'zip', {}, [long, 'b.example.com']);
  assert.match(run('openssl', ['req', '-noout', '-text'], both.csr), /Subject: CN ?= ?b\.example\.com/);
});

test('a public key that does not belong to the private one is found before anything is used', async () => {
  for (const type of ['ec:p256', 'rsa:2048']) {
    const [a, b] = [await generate(type), await generate(type)];
    await assert.rejects(sign({ ...a, spki: b.spki }, ascii('data')), /does not verify/);
    await assert.doesNotReject(sign(a, ascii('data')));
  }
});

test('what held the key in the clear is wiped', async () => {
  const seen: Uint8Array[] = [];
  const subtle = crypto.subtle;
  const exportKey = subtle.exportKey.bind(subtle), importKey = subtle.importKey.bind(subtle);
  const spy = { ...Object.fromEntries(['generateKey', 'sign', 'verify', 'decrypt', 'digest', 'deriveBits', 'deriveKey'].map((n) => [n, (subtle as never)[n]['bind'](subtle)])),
    encrypt: (how: AesCtrParams, key: CryptoKey, data: Uint8Array) => { seen.push(new Uint8Array(data.buffer)); return subtle.encrypt(how, key, data as Bytes); },
    exportKey: async (format: string, key: CryptoKey) => { const out = await exportKey(format as 'pkcs8', key); if (format === 'pkcs8') seen.push(new Uint8Array(out)); return out; },
    importKey: (format: string, data: Uint8Array, ...rest: never[]) => { if (format === 'raw') seen.push(data); return (importKey as never as (...a: unknown[]) => unknown)(format, data, ...rest); } };
  const whole = globalThis.crypto;
  Object.defineProperty(globalThis, 'crypto', { value: { subtle: spy, getRandomValues: whole.getRandomValues.bind(whole) }, configurable: true });
  try { await wish('ec:p256'); } finally { Object.defineProperty(globalThis, 'crypto', { value: whole, configurable: true }); }
  assert.ok(seen.length >= 5, 'key, code, cipher key, MAC key, and the PEM that is locked');
  for (const one of seen) assert.ok(one.every((b) => b === 0), `${one.length} bytes were left`);
});

test('an encrypted key is read back with its code', async () => {
  const der = await encryptPkcs8(ascii('not a key, but bytes') as Bytes, newCode());
  assert.equal(der[0], 0x30);
});
