// Bytes: joining, wiping, PEM. What is secret stays in arrays that can be wiped; text cannot.

export type Bytes = Uint8Array<ArrayBuffer>;

export function join(parts: ArrayLike<number>[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { out.set(p, at); at += p.length; }
  return out;
}

export const wipe = (...parts: Uint8Array[]) => { for (const p of parts) p.fill(0); };
export const ascii = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;
export const random = (n: number): Bytes => crypto.getRandomValues(new Uint8Array(n));

export function same(a: Uint8Array, b: Uint8Array): boolean {
  let differs = a.length ^ b.length;
  for (let i = 0; i < a.length && i < b.length; i++) differs |= a[i]! ^ b[i]!;
  return differs === 0;
}

/** RFC 7468: base64 in lines of 64 characters. From bytes to bytes, because a private key passes here. */
export function pem(label: string, der: Uint8Array): Bytes {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const chars = Math.ceil(der.length / 3) * 4;
  const body = new Uint8Array(chars + Math.ceil(chars / 64));
  let at = 0;
  for (let i = 0; i < der.length; i += 3) {
    const left = der.length - i;
    const three = der[i]! << 16 | (der[i + 1] ?? 0) << 8 | (der[i + 2] ?? 0);
    for (let k = 0; k < 4; k++) body[at++] = k > left ? 61 : alphabet.charCodeAt(three >> 18 - 6 * k & 63);
    if (at % 65 === 64 || left <= 3) body[at++] = 10;
  }
  const out = join([ascii(`-----BEGIN ${label}-----\n`), body, ascii(`-----END ${label}-----\n`)]);
  wipe(body);
  return out;
}
