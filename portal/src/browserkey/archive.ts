// The hand-over archive as the service writes it (include/autocsr/archive.h): a ZIP with one stored entry, WinZip AE-2, AES-256.
//
// Own code, because it is short: libraries for this bring a whole ZIP implementation with web workers. AE-2 counts its
// AES-CTR blocks little-endian from 1, WebCrypto counts big-endian, so each block of 16 bytes is a call of its own.
import { ascii, join, random, same, wipe, type Bytes } from './bytes';

const SALT = 16, VERIFIER = 2, MAC = 10, LOCAL = 30, AES_EXTRA = 11;
const EXTRA = [0x01, 0x99, 7, 0, 2, 0, 65, 69, 3, 0, 0]; // AE-2, "AE", AES-256, stored

const le = (value: number, bytes: number) => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

interface Keys { aes: CryptoKey; mac: CryptoKey; verifier: Bytes }

/** PBKDF2-HMAC-SHA1, 1000 iterations: fixed by the format, so the code is the key. */
async function derive(code: Bytes, salt: Bytes): Promise<Keys> {
  const secret = await crypto.subtle.importKey('raw', code, 'PBKDF2', false, ['deriveBits']);
  const bits = new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt, iterations: 1000 }, secret, 66 * 8));
  const [aes, mac] = await Promise.all([
    crypto.subtle.importKey('raw', bits.subarray(0, 32), 'AES-CTR', false, ['encrypt']),
    crypto.subtle.importKey('raw', bits.subarray(32, 64), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])]);
  const verifier = bits.slice(64);
  wipe(bits);
  return { aes, mac, verifier };
}

/** Encrypts, and so decrypts as well. */
async function crypt(aes: CryptoKey, data: Bytes): Promise<Bytes> {
  const blocks = Array.from({ length: Math.ceil(data.length / 16) }, (_, i) =>
    crypto.subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(le(i + 1, 16)), length: 64 }, aes, data.subarray(i * 16, i * 16 + 16)));
  return join((await Promise.all(blocks)).map((b) => new Uint8Array(b)));
}

const macOf = async (key: CryptoKey, data: Bytes) => new Uint8Array(await crypto.subtle.sign('HMAC', key, data)).slice(0, MAC);

/** DOS time in UTC, in steps of two seconds. */
function dosTime(at: Date): number[] {
  const time = at.getUTCHours() << 11 | at.getUTCMinutes() << 5 | at.getUTCSeconds() >> 1;
  const date = at.getUTCFullYear() - 1980 << 9 | at.getUTCMonth() + 1 << 5 | at.getUTCDate();
  return [...le(time, 2), ...le(date, 2)];
}

/** `entry`: the file's name inside, ASCII. `code`: the 26 characters. Leaves nothing of `plain` behind but its ciphertext. */
export async function writeArchive(entry: string, plain: Bytes, code: Bytes, at: Date): Promise<Bytes> {
  const name = ascii(entry), salt = random(SALT);
  const keys = await derive(code, salt);
  const sealed = await crypt(keys.aes, plain);
  const data = join([salt, keys.verifier, sealed, await macOf(keys.mac, sealed)]);
  // Version needed 51, encrypted, method 99, no CRC (AE-2): the same in both headers.
  const common = [...le(51, 2), ...le(1, 2), ...le(99, 2), ...dosTime(at), ...le(0, 4), ...le(data.length, 4), ...le(plain.length, 4), ...le(name.length, 2), ...le(EXTRA.length, 2)];
  const entryAt = join([[0x50, 0x4b, 3, 4], common, name, EXTRA, data]);
  // Made on Unix, mode 0600.
  const directory = join([[0x50, 0x4b, 1, 2], le(3 << 8 | 51, 2), common, le(0, 6), le(0o100600 * 65536, 4), le(0, 4), name, EXTRA]);
  const end = [0x50, 0x4b, 5, 6, ...le(0, 4), ...le(1, 2), ...le(1, 2), ...le(directory.length, 4), ...le(entryAt.length, 4), ...le(0, 2)];
  return join([entryAt, directory, end]);
}

/** Does this archive, as written, open with this code and give `plain`? */
export async function archiveOpens(archive: Bytes, code: Bytes, plain: Bytes): Promise<boolean> {
  const view = new DataView(archive.buffer, archive.byteOffset);
  const start = LOCAL + view.getUint16(26, true) + AES_EXTRA, size = view.getUint32(18, true);
  const data = archive.subarray(start, start + size);
  const keys = await derive(code, data.slice(0, SALT));
  const sealed = data.slice(SALT + VERIFIER, size - MAC);
  // In counter mode encrypting again is the same test as decrypting, and makes no copy of the key.
  return same(keys.verifier, data.subarray(SALT, SALT + VERIFIER)) && same(await macOf(keys.mac, sealed), data.subarray(size - MAC)) && same(await crypt(keys.aes, plain), sealed);
}
