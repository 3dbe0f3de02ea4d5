import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkName, checkNames, splitNames } from '../src/lib/names';

const plain = { wildcard: false, max: 3 };
const wild = { wildcard: true, max: 3 };

test('names that can be ordered', () => {
  for (const [typed, name] of [['www.example.com', 'www.example.com'], ['WWW.Example.COM', 'www.example.com'], ['münchen.example', 'xn--mnchen-3ya.example'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'], ['192.0.2.7', '192.0.2.7'], ['2001:db8::1', '2001:db8::1'], ['a-b.c.example', 'a-b.c.example']] as const)
    assert.deepEqual([checkName(typed, plain).ok, checkName(typed, plain).name], [true, name], typed);
  assert.equal(checkName('*.example.com', wild).ok, true);
});

test('names that cannot, each with a reason', () => {
  for (const [typed, reason] of [['https://www.example.com/', 'https'], ['www.example.com/shop', 'path'], ['ann@example.com', 'e-mail'], ['www.example.com:443', 'port'],
    ['www.*.example.com', 'star'], ['*', 'star'], ['a_b.example.com', 'underscore'], ['example', 'full name'], ['www..example.com', 'dots'], ['.example.com', 'dots'],
    ['example.com.', 'dot at the end'], ['-a.example.com', 'character'], ['a-.example.com', 'character'], [`${'a'.repeat(64)}.example.com`, '63'],
    [`${'a.'.repeat(127)}example.com`, '253'], ['10.1.2.300', 'number'], ['www.example.123', 'number'], ['a!b.example', 'character']] as const) {
    const verdict = checkName(typed, wild);
    assert.equal(verdict.ok, false, typed);
    assert.ok(verdict.note.includes(reason), `${typed}: ${verdict.note}`);
  }
});

test('a wildcard needs a product that has them', () => assert.match(checkName('*.example.com', plain).note, /wildcard product/));

test('lists: separators, repetitions, the limit of the product', () => {
  assert.deepEqual(splitNames(' a.example, b.example;\n\tc.example '), ['a.example', 'b.example', 'c.example']);
  assert.deepEqual(checkNames('a.example A.example b.example c.example d.example', plain).map((v) => v.ok), [true, false, true, true, false]);
});
