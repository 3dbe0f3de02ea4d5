import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '../src/api';
import { nextSentence, pollDelay, steps } from '../src/lib/order';

const order = (part: Partial<Order>): Order => ({
  id: 'ord_1', state: 'new', product: 'dv', level: 'dv', names: ['a.example'], names_unicode: [], subject: {}, organisation_id: null, key_source: 'autocsr', key_type: 'rsa:2048',
  delivery: 'download', spki_sha256: null, archive: null, code: null, waiting: null, next: null, vetting: null, certificates: [], created_at: '', updated_at: '', ...part,
});
const shape = (o: Order) => steps(o).map((s) => `${s.id}:${s.state}`).join(' ');

test('steps of the way', () => {
  assert.equal(shape(order({ state: 'handover' })), 'new:done handover:now validating:todo issuing:todo issued:todo');
  assert.equal(shape(order({ state: 'validating', key_source: 'own' })), 'new:done validating:now issuing:todo issued:todo');
  assert.equal(shape(order({ state: 'vetting', level: 'ev' })), 'new:done handover:done validating:done vetting:now issuing:todo issued:todo');
  assert.equal(shape(order({ state: 'issued' })), 'new:done handover:done validating:done issuing:done issued:done');
});

test('an order that ended shows how far it came', () => {
  assert.equal(shape(order({ state: 'cancelled' })), 'new:done handover:stopped validating:todo issuing:todo issued:todo');
  const archive = { state: 'acknowledged' as const, sha256: null, size: null, filename: '', key_filename: '', expires_at: null };
  assert.equal(shape(order({ state: 'failed', archive })), 'new:done handover:done validating:stopped issuing:todo issued:todo');
  const certificates = [{ serial: '1', state: 'revoked', not_before: '', not_after: '', spki_sha256: '', revoked_at: '', reason: null }];
  assert.equal(shape(order({ state: 'revoked', archive, certificates })), 'new:done handover:done validating:done issuing:done issued:done');
});

test('the next step never claims what the service did not say', () => {
  const archive = (state: 'mailing' | 'waiting' | 'lost') => ({ state, sha256: null, size: null, filename: '', key_filename: '', expires_at: null });
  assert.doesNotMatch(nextSentence(order({ state: 'handover', archive: archive('mailing') })), /was sent|has been sent|delivered/);
  assert.match(nextSentence(order({ state: 'handover', archive: archive('lost') })), /new key/);
  assert.match(nextSentence(order({ state: 'failed', next: 'the CA refused the names' })), /^The CA refused the names\.$/);
});

test('while the operator is waited for, nobody is told to publish anything', () => {
  const upstream = { issuer: 'le', title: 'LE', kind: 'acme' as const, step: 'prove', url: null, since: null, told_at: null };
  const at = (held: 'terms' | null) => nextSentence(order({ state: 'validating', next: 'wait: the operator has to agree to new terms', upstream: { ...upstream, held } }));
  assert.equal(at('terms'), 'Wait: the operator has to agree to new terms.');
  assert.doesNotMatch(at(null), /Wait/);
});

test('looking again becomes rarer and ends', () => {
  assert.equal(pollDelay(0), 1000);
  assert.ok((pollDelay(9) ?? 0) > (pollDelay(3) ?? 0));
  assert.equal(pollDelay(61), null);
});
