import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parseHash } from '../src/router';

test('addresses there and back', () => {
  const place = parseHash(href('/orders/ord_1', { q: 'a & b', state: '' }));
  assert.deepEqual(place.parts, ['orders', 'ord_1']);
  assert.equal(place.query.get('q'), 'a & b');
  assert.equal(place.query.get('state'), null);
  assert.equal(parseHash('').path, '/');
  assert.deepEqual(parseHash('#/confirm/a%2').parts, ['confirm', 'a%2']);
});
