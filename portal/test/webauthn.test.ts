import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64url, passkeysHere, toBase64url } from '../src/lib/webauthn';

test('bytes go to base64url and back, without padding', () => {
  for (let n = 0; n < 70; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 37 + n * 11) & 255);
    const text = toBase64url(bytes.buffer);
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.deepEqual(fromBase64url(text), bytes);
  }
  assert.equal(toBase64url(Uint8Array.of(0xfb, 0xff, 0xfe).buffer), '-__-');
});

test('passkeys are offered at names only, and where the browser has them', () => {
  const at = (hostname: string, has = true) => {
    Object.assign(globalThis, { location: { hostname }, PublicKeyCredential: has ? class {} : undefined });
    return passkeysHere();
  };
  for (const host of ['localhost', 'certs.example.com', 'xn--bcher-kva.example', '4.example.com', 'cafe']) assert.equal(at(host), true, host);
  for (const host of ['127.0.0.1', '192.0.2.7', '[::1]', '[2001:db8::1]']) assert.equal(at(host), false, host);
  assert.equal(at('localhost', false), false);
});
