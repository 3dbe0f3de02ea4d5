import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, errorText, eventWords, hex, relative, sentence, shortHashes, stateTone } from '../src/lib/text';

test('the service\'s texts become sentences, names keep their case', () => {
  assert.equal(sentence('the CSR has no names'), 'The CSR has no names.');
  assert.equal(sentence('www.example.com answered 404'), 'www.example.com answered 404.');
  assert.equal(sentence('*.example.com is a wildcard'), '*.example.com is a wildcard.');
  assert.equal(sentence('is it yours?'), 'Is it yours?');
  assert.equal(sentence('www.example.com'), 'www.example.com');
  assert.equal(sentence('  '), '');
});

test('a deadline is never shown later than it is', () => {
  const now = Date.parse('2026-11-23T08:00:00Z');
  assert.equal(relative('2026-11-23T08:01:59Z', now), 'in 1 minute');
  assert.equal(relative('2026-11-24T07:59:59Z', now), 'in 23 hours');
  assert.equal(relative('2026-11-23T07:00:00Z', now), '1 hour ago');
  assert.equal(relative('2026-11-21T07:00:00Z', now), '2 days ago');
  assert.equal(relative('2026-11-23T08:00:02Z', now), 'just now');
});

test('a validation error is shown in words, whatever its shape', () => {
  assert.equal(errorText('no such file'), 'No such file.');
  assert.equal(errorText({ type: 'x', detail: 'the record is missing' }), 'The record is missing.');
  assert.equal(errorText({ some: { thing: 1 } }), '');
  assert.equal(errorText(null), '');
});

test('small helpers', () => {
  assert.equal(bytes(1834), '1.8 KB');
  assert.equal(bytes(12), '12 bytes');
  assert.equal(hex(new Uint8Array([0, 171, 255]).buffer), '00abff');
  assert.equal(eventWords('order.some-new.thing'), 'Some new thing');
  assert.equal(eventWords('key.handed-over'), 'Archive confirmed');
  assert.equal(shortHashes(`archive ${'ab'.repeat(32)}, fine`), 'archive abababab…, fine');
  assert.equal(stateTone('revoked'), 'bad');
  assert.equal(stateTone('something new'), 'busy');
});
