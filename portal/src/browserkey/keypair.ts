// Key pairs by WebCrypto: which kinds this browser makes, how each signs, and how a CSR names that (RFC 5280 4.1.1.2).
import { join, type Bytes } from './bytes';
import { integer, NULL, oid, sequence } from './der';

interface Kind {
  generate: RsaHashedKeyGenParams | EcKeyGenParams | Algorithm; sign: Algorithm | EcdsaParams; algorithm: Bytes;
  half?: number; // ECDSA: bytes of r and of s
}

const rsa = (bits: number): Kind => ({
  generate: { name: 'RSASSA-PKCS1-v1_5', modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  sign: { name: 'RSASSA-PKCS1-v1_5' }, algorithm: sequence(oid('1.2.840.113549.1.1.11'), NULL),
});
const ec = (curve: string, hash: string, arc: number, half: number): Kind => ({
  generate: { name: 'ECDSA', namedCurve: curve }, sign: { name: 'ECDSA', hash }, algorithm: sequence(oid(`1.2.840.10045.4.3.${arc}`)), half,
});
const kinds: Record<string, Kind> = {
  'rsa:2048': rsa(2048), 'rsa:3072': rsa(3072), 'rsa:4096': rsa(4096),
  'ec:p256': ec('P-256', 'SHA-256', 2, 32), 'ec:p384': ec('P-384', 'SHA-384', 3, 48), 'ec:p521': ec('P-521', 'SHA-512', 4, 66),
  ed25519: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' }, algorithm: sequence(oid('1.3.101.112')) },
};
const kindOf = (type: string): Kind => {
  const kind = kinds[type];
  if (!kind) throw new Error(`no browser makes a key of type ${type}`);
  return kind;
};

/** Browsers give WebCrypto to pages that came over HTTPS (or from this very computer) only. */
export const canMakeKeys = () => typeof crypto !== 'undefined' && crypto.subtle !== undefined && typeof crypto.getRandomValues === 'function';

/** Every browser with WebCrypto has RSA, P-256 and P-384; the rest is tried out, once. */
const sure = (type: string) => /^rsa:|^ec:p(256|384)$/.test(type);
const tried = new Map<string, Promise<boolean>>();
function works(type: string): Promise<boolean> {
  const kind = kinds[type];
  if (!kind || !canMakeKeys()) return Promise.resolve(false);
  if (sure(type)) return Promise.resolve(true);
  const found = tried.get(type) ?? crypto.subtle.generateKey(kind.generate, false, ['sign', 'verify']).then(() => true, () => false);
  tried.set(type, found);
  return found;
}
/** Those of `types` that this browser makes, in the same order. */
export async function usableTypes(types: string[]): Promise<string[]> {
  const yes = await Promise.all(types.map(works));
  return types.filter((_, i) => yes[i]);
}

export interface Pair { type: string; pkcs8: Bytes; spki: Bytes }

/** The private half as PKCS#8 for the caller to wipe. */
export async function generate(type: string): Promise<Pair> {
  const pair = await crypto.subtle.generateKey(kindOf(type).generate, true, ['sign', 'verify']) as CryptoKeyPair;
  const [pkcs8, spki] = await Promise.all([crypto.subtle.exportKey('pkcs8', pair.privateKey), crypto.subtle.exportKey('spki', pair.publicKey)]);
  return { type, pkcs8: new Uint8Array(pkcs8), spki: new Uint8Array(spki) };
}

/** WebCrypto gives r and s side by side, X.509 wants ECDSA-Sig-Value (RFC 3279 2.2.3). */
export const ecdsaValue = (raw: Uint8Array, half: number) => sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));

/**
 * Signs with the private key as it was exported, and verifies with the public key as it stands in the CSR: so a signature
 * that comes back proves that what is saved belongs to what is ordered.
 */
export async function sign(pair: Pair, data: Bytes): Promise<{ algorithm: Bytes; signature: Bytes }> {
  const kind = kindOf(pair.type);
  const [priv, pub] = await Promise.all([
    crypto.subtle.importKey('pkcs8', pair.pkcs8, kind.generate, false, ['sign']),
    crypto.subtle.importKey('spki', pair.spki, kind.generate, false, ['verify'])]);
  const raw = new Uint8Array(await crypto.subtle.sign(kind.sign, priv, data));
  if ((kind.half && raw.length !== 2 * kind.half) || !await crypto.subtle.verify(kind.sign, pub, raw, data))
    throw new Error('the new key does not verify its own signature');
  return { algorithm: kind.algorithm, signature: kind.half ? ecdsaValue(raw, kind.half) : join([raw]) };
}
