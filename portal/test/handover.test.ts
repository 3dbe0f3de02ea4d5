// Which way of the hand-over is offered and chosen first, what is sent for each, and whether the help's commands open the files.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Order } from '../src/api';
import { makeKeyFile } from '../src/browserkey/make';
import { openGuides, type Files } from '../src/lib/commands';
import { codeState, fileBase, fileWord, firstWay, firstWish, gradeOf, gradeText, keyFields, looksSecret, organisationSubject, waysFor } from '../src/lib/handover';
import { nextSentence } from '../src/lib/order';

if (!globalThis.crypto) Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true });

const free = { autocsr: true, default_key_type: 'rsa:2048' }, strict = { autocsr: false, default_key_type: 'rsa:2048' };
const order = (hand_over: Order['hand_over'], key_source = 'autocsr') => ({ state: 'issued', hand_over, key_source }) as Order;

test('safest first, one sentence each', () => {
  assert.deepEqual(waysFor(free).map((w) => w.value), ['browser', 'sealed', 'code', 'own']);
  assert.deepEqual(waysFor(strict).map((w) => w.value), ['browser', 'own']);
  for (const way of waysFor(free)) assert.equal(way.note.match(/\.( |$)/g)!.length, 1, way.value);
});

test('what is chosen first: the last choice where it is possible, else archive and code', () => {
  assert.equal(firstWay(null, free, true), 'code');
  for (const grade of ['browser', 'sealed', 'code'] as const) assert.equal(firstWay({ grade }, free, true), grade);
  assert.equal(firstWay({ grade: 'browser' }, free, false), 'code', 'this browser cannot');
  assert.equal(firstWay({ grade: 'sealed' }, strict, true), 'browser', 'this product forbids it');
  assert.equal(firstWay(null, strict, true), 'browser');
  assert.equal(firstWay(null, strict, false), 'own');
});

test('the last format and recipient come back with their grade, and only with it', () => {
  assert.equal(firstWish({ grade: 'code', format: 'p12' }, free, true).format, 'p12');
  assert.equal(firstWish({ grade: 'code', format: 'pkcs8' }, free, true).lock, 'zip');
  assert.equal(firstWish({ grade: 'browser', format: 'pkcs8' }, free, true).lock, 'pkcs8');
  assert.equal(firstWish({ grade: 'browser', format: 'pkcs8' }, free, true).format, 'zip');
  assert.equal(firstWish({ grade: 'sealed', format: 'age', recipient: 'age1x' }, free, true).recipient, 'age1x');
  assert.equal(firstWish({ grade: 'code', format: 'something-new' }, free, true).format, 'zip');
});

test('what is sent for each way; nothing of a way that was not taken', () => {
  const wish = { ...firstWish(null, free, true), recipient: ' age1x\n', csr: 'PASTED', lock: 'pkcs8' as const, format: 'p12' as const };
  assert.deepEqual(keyFields({ ...wish, way: 'browser' }, 'MADE'), { csr: 'MADE', hand_over: { grade: 'browser', format: 'pkcs8' } });
  assert.deepEqual(keyFields({ ...wish, way: 'sealed' }, ''), { key_type: 'rsa:2048', delivery: 'download', hand_over: { grade: 'sealed', recipient: 'age1x' } });
  assert.deepEqual(keyFields({ ...wish, way: 'code' }, ''), { key_type: 'rsa:2048', delivery: 'download', hand_over: { grade: 'code', format: 'p12' } });
  assert.deepEqual(keyFields({ ...wish, way: 'own' }, ''), { csr: 'PASTED' });
});

test('the secret half of a key pair is known when it is pasted', () => {
  for (const text of ['-----BEGIN OPENSSH PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----', '-----BEGIN ENCRYPTED PRIVATE KEY-----', 'AGE-SECRET-KEY-1QQ', 'age-secret-key-1qq', 'PuTTY-User-Key-File-3: ssh-ed25519'])
    assert.ok(looksSecret(text), text);
  for (const text of ['age1abc', 'ssh-ed25519 AAAA me@host', '-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE REQUEST-----', '']) assert.ok(!looksSecret(text), text);
});

test('the subject of an organisation, with the fields of EV only for EV', () => {
  const o = { name: 'X', street: 's', locality: 'Y', state: '', postal_code: 'p', country: 'DE', registration_number: '1', business_category: 'Private Organization', jurisdiction_country: 'DE', jurisdiction_state: '', phone: '0' };
  assert.deepEqual(organisationSubject(o, 'ov'), { O: 'X', L: 'Y', C: 'DE' });
  assert.deepEqual(organisationSubject(o, 'ev'), { O: 'X', L: 'Y', C: 'DE', businessCategory: 'Private Organization', jurisdictionC: 'DE', serialNumber: '1' });
});

test('an order says how its key was handed over', () => {
  assert.equal(gradeText(order({ grade: 'code', format: 'zip', recipient: null })), 'Archive and code (ZIP archive, AES-256)');
  assert.equal(gradeText(order({ grade: 'own-csr', format: null, recipient: null }, 'own-csr')), 'Your own CSR');
  assert.equal(gradeOf(order(null)), 'code', 'an order from before there were grades');
  assert.equal(gradeOf(order(undefined, 'own-csr')), 'own-csr');
  assert.equal(fileWord(order({ grade: 'sealed', format: 'age', recipient: 'age1x' })), 'sealed key');
  assert.equal(fileWord(order({ grade: 'code', format: 'p12', recipient: null })), 'locked key');
  for (const [grade, words] of [['browser', 'that you saved'], ['sealed', 'your own private key'], ['code', 'with the unlock code'], ['own-csr', 'on your server']] as const)
    assert.match(nextSentence(order({ grade, format: 'zip', recipient: null })), new RegExp(words));
  for (const name of ['a.test.zip', 'a.test.key.pem', 'a.test.key.age', 'a.test.p12', 'a.test.p7m']) assert.equal(fileBase(name), 'a.test');
});

test('what is known of a code that is not shown', () => {
  const day = (iso: string) => `day ${iso}`;
  const info = { state: 'available' as const, expires_at: 'X', reveals: 0, reveals_left: null };
  assert.equal(codeState(info, day), 'It is destroyed on day X. Not shown yet.');
  assert.equal(codeState({ ...info, reveals: 1 }, day), 'It is destroyed on day X. Shown once so far.');
  assert.equal(codeState({ ...info, reveals_left: 1 }, day), 'It is destroyed on day X. It can be shown once, then it is destroyed. Not shown yet.');
  assert.equal(codeState({ ...info, reveals: 2, reveals_left: 3 }, day), 'It is destroyed on day X. It can be shown 3 times more, then it is destroyed. Shown 2 times so far.');
  assert.equal(codeState({ state: 'destroyed', expires_at: null, reveals: 2, destroyed_at: 'Y', reason: 'its window is over' }, day), 'The unlock code was destroyed on day Y: its window is over. It was shown 2 times.');
  assert.equal(codeState({ state: 'destroyed', expires_at: null, reveals: 0 }, day), 'The unlock code was destroyed. It was never shown.');
  assert.equal(codeState({ ...info, state: 'expired', reveals: 1 }, day), 'The unlock code is no longer shown: its window is over, and it is about to be destroyed. It was shown once.');
});

// ---- the commands that the help shows are run as they stand

function bench(t: TestContext, ...programs: string[]): string | null {
  const missing = programs.find((p) => spawnSync('sh', ['-c', `command -v ${p}`]).status !== 0);
  if (missing) { t.skip(`no ${missing}`); return null; }
  const dir = mkdtempSync(join(tmpdir(), 'autocsr-portal-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}
const KEY = 'the key\n';
/** Runs the guide's first command; `mend` gives it the code that a person would type. */
function follow(dir: string, files: Files, format: string, env: Record<string, string> = {}, mend = (c: string) => c): string {
  const guide = openGuides(files, format)[0]!;
  execFileSync('setsid', ['sh', '-ec', mend(guide.code)], { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  return readFileSync(join(dir, files.key), 'utf8');
}

test('encrypted PKCS#8: the openssl command opens what the browser makes', async (t) => {
  const dir = bench(t, 'openssl', 'setsid');
  if (!dir) return;
  const made = await makeKeyFile({ names: ['a.test'], subject: {}, keyType: 'ec:p256', format: 'pkcs8', base: 'a.test' });
  writeFileSync(join(dir, made.fileName), made.file);
  const key = follow(dir, { archive: made.fileName, key: 'a.test.key', base: 'a.test' }, 'pkcs8', { CODE: made.code }, (c) => `${c} -passin env:CODE`);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
});

for (const format of ['p12', 'p12-legacy']) {
  test(`${format}: the openssl command opens a file with a key alone`, (t) => {
    const dir = bench(t, 'openssl', 'setsid');
    if (!dir) return;
    execFileSync('sh', ['-ec', `openssl genpkey -algorithm ed25519 -out k.pem; openssl pkcs12 -export ${format === 'p12' ? '' : '-keypbe PBE-SHA1-3DES -macalg sha1'} -nocerts -inkey k.pem -passout pass:C -out a.test.p12`], { cwd: dir, stdio: 'ignore' });
    assert.match(follow(dir, { archive: 'a.test.p12', key: 'a.test.key', base: 'a.test' }, format, {}, (c) => `${c} -passin pass:C`), /-----BEGIN PRIVATE KEY-----/);
  });
}

test('age: the command opens with an identity file and with an SSH key', (t) => {
  const dir = bench(t, 'age', 'age-keygen', 'ssh-keygen');
  if (!dir) return;
  writeFileSync(join(dir, 'plain'), KEY);
  const files = { archive: 'a.test.key.age', key: 'a.test.key', base: 'a.test' };
  execFileSync('sh', ['-ec', 'age-keygen -o key.txt; age -r $(age-keygen -y key.txt) -o a.test.key.age plain'], { cwd: dir, stdio: 'ignore' });
  assert.equal(follow(dir, files, 'age'), KEY);
  execFileSync('sh', ['-ec', 'rm a.test.key; mkdir .ssh; ssh-keygen -q -t ed25519 -N "" -f .ssh/id_ed25519; age -R .ssh/id_ed25519.pub -o a.test.key.age plain'], { cwd: dir, stdio: 'ignore' });
  const ssh = openGuides(files, 'age', true)[0]!;
  execFileSync('sh', ['-ec', ssh.code], { cwd: dir, env: { ...process.env, HOME: dir }, stdio: 'ignore' });
  assert.equal(readFileSync(join(dir, 'a.test.key'), 'utf8'), KEY);
});

test('CMS: the openssl command opens with certificate and key', (t) => {
  const dir = bench(t, 'openssl');
  if (!dir) return;
  writeFileSync(join(dir, 'plain'), KEY);
  execFileSync('sh', ['-ec', 'openssl req -x509 -newkey rsa:2048 -nodes -keyout my.key -out my.pem -subj /CN=me -days 2; openssl cms -encrypt -binary -aes-256-gcm -outform DER -in plain -out a.test.p7m my.pem'], { cwd: dir, stdio: 'ignore' });
  assert.equal(follow(dir, { archive: 'a.test.p7m', key: 'a.test.key', base: 'a.test' }, 'cms'), KEY);
});
