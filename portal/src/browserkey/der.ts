// A small DER writer (X.690): what a CSR and an encrypted PKCS#8 need, and no more.
import { ascii, join, type Bytes } from './bytes';

export function tlv(tag: number, ...parts: ArrayLike<number>[]): Bytes {
  const content = join(parts);
  const n = content.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  if (n > 0xffff) throw new RangeError('longer than this writer writes');
  return join([[tag], length, content]);
}

export const sequence = (...parts: ArrayLike<number>[]) => tlv(0x30, ...parts);
export const set = (...parts: ArrayLike<number>[]) => tlv(0x31, ...parts);
export const octets = (bytes: ArrayLike<number>) => tlv(0x04, bytes);
export const bits = (bytes: ArrayLike<number>) => tlv(0x03, [0], bytes);
export const utf8 = (text: string) => tlv(0x0c, new TextEncoder().encode(text));
export const printable = (text: string) => tlv(0x13, ascii(text));
export const TRUE = tlv(0x01, [0xff]);
export const NULL = tlv(0x05);

/** An unsigned number, big-endian: no leading zeros, but one where the first bit would make it negative. */
export function integer(bytes: ArrayLike<number>): Bytes {
  const digits = Array.from(bytes);
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  return tlv(0x02, digits[0]! & 0x80 ? [0, ...digits] : digits);
}

export function number(value: number): Bytes {
  return integer([value >>> 24 & 0xff, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff]);
}

export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const out: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift(left & 0x7f | 0x80);
    out.push(...septets);
  }
  return tlv(0x06, out);
}
