import assert from 'node:assert/strict';
import test from 'node:test';
import { acmeClients } from '../src/lib/acme-clients';

const url = 'https://certs.example.com/acme/directory';
const by = (list: ReturnType<typeof acmeClients>, id: string) => list.find((c) => c.id === id)?.text ?? '';

test('without a key there is no word about one', () => {
  for (const c of acmeClients(url, null, false, 'a.example.com')) {
    assert.ok(c.text.includes(url), c.id);
    assert.ok(!/eab|kid|hmac|mac_key/i.test(c.text), c.id);
  }
});

test('a key goes into every command, or a place for it where one is needed', () => {
  for (const c of acmeClients(url, { kid: 'kid9', hmac_key: 'mac9' }, false, 'a.example.com')) assert.ok(c.text.includes('kid9') && c.text.includes('mac9'), c.id);
  for (const c of acmeClients(url, null, true, 'a.example.com')) assert.ok(c.text.includes('KEY_ID') && c.text.includes('HMAC_KEY'), c.id);
});

test('the forms that clients want', () => {
  const list = acmeClients(url, { kid: 'k', hmac_key: 'm' }, true, 'a.example.com');
  assert.match(by(list, 'certbot'), /--eab-kid k --eab-hmac-key m \\\n {2}-d a\.example\.com$/);
  assert.match(by(list, 'lego'), /--eab --kid k \\\n {2}--hmac m \\\n {2}--http --domains a\.example\.com run$/);
  assert.match(by(list, 'certmanager'), /externalAccountBinding:\n {6}keyID: k\n/);
  assert.match(by(list, 'caddy'), /acme_eab \{\n {4}key_id k\n {4}mac_key m\n/);
});
