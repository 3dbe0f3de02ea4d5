// Encrypted PKCS#8 (RFC 5958 3, PBES2 of RFC 8018 6.2): PBKDF2-HMAC-SHA256, AES-256-CBC, as src/pki/keyprotect.c writes it.
import { random, same, wipe, type Bytes } from './bytes';
import { NULL, number, octets, oid, sequence } from './der';

const ROUNDS = 600_000;

async function keyFrom(code: Bytes, salt: Bytes): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', code, 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, secret, { name: 'AES-CBC', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** EncryptedPrivateKeyInfo in DER; read back with the code before it is given out. */
export async function encryptPkcs8(pkcs8: Bytes, code: Bytes): Promise<Bytes> {
  const salt = random(16), iv = random(16);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, await keyFrom(code, salt), pkcs8));
  const got = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, await keyFrom(code, salt), sealed));
  const good = same(got, pkcs8);
  wipe(got);
  if (!good) throw new Error('the encrypted key does not open');
  const kdf = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), number(ROUNDS), sequence(oid('1.2.840.113549.2.9'), NULL)));
  const cipher = sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv));
  return sequence(sequence(oid('1.2.840.113549.1.5.13'), sequence(kdf, cipher)), octets(sealed));
}
