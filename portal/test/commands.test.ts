import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { autocsrCommand, baseName, installGuides, opensslCommand, shellQuote } from '../src/lib/commands';

test('what a person typed is quoted', () => {
  assert.equal(shellQuote('www.example.com'), 'www.example.com');
  assert.equal(shellQuote('*.example.com'), `'*.example.com'`);
  assert.equal(shellQuote(`a'; rm -rf /`), `'a'\\''; rm -rf /'`);
  assert.equal(baseName('*.example.com'), 'wildcard.example.com');
  assert.equal(baseName('../x/y'), '.._x_y');
});

test('the commands name every host', () => {
  const names = ['www.example.com', '*.example.com', '192.0.2.7'];
  assert.equal(autocsrCommand(names, 'ec:p256').split('\n')[0], `autocsr csr new --host www.example.com --host '*.example.com' --ip 192.0.2.7 --key ec:p256 \\`);
  assert.match(opensslCommand(names, 'rsa:3072'), /-newkey rsa:3072/);
  assert.match(opensslCommand([], 'rsa:2048'), /CN=www\.example\.com/);
});

test('the openssl command works as it stands, for every kind of key', (t) => {
  try { execFileSync('openssl', ['version']); } catch { t.skip('no openssl'); return; }
  const dir = mkdtempSync(join(tmpdir(), 'autocsr-portal-'));
  for (const type of ['rsa:2048', 'ec:p256', 'ec:p384', 'ed25519']) {
    execFileSync('sh', ['-c', opensslCommand(['www.example.com', '*.example.com', '192.0.2.7'], type)], { cwd: dir, stdio: 'ignore' });
    const text = execFileSync('openssl', ['req', '-in', join(dir, 'www.example.com.csr'), '-noout', '-text', '-verify'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    assert.match(text, /DNS:www\.example\.com, DNS:\*\.example\.com, IP Address:192\.0\.2\.7/, type);
  }
  rmSync(dir, { recursive: true });
});

test('the snippets use the order\'s own file names', () => {
  for (const guide of installGuides({ archive: 'a.zip', key: 'www.example.com.key', base: 'www.example.com' }, 'www.example.com'))
    assert.ok(guide.code.includes('www.example.com.key'), guide.id);
});
