// The certificate signing request (PKCS#10, RFC 2986): the same subject and extensions as the service puts into its own.
import type { Bytes } from './bytes';
import { bits, octets, oid, printable, sequence, set, tlv, TRUE, utf8 } from './der';
import { sign, type Pair } from './keypair';

/** Encoded names begin with the country; core's order_subject_list and the keymaker give this order. */
const fields: [string, string][] = [
  ['C', '2.5.4.6'], ['ST', '2.5.4.8'], ['L', '2.5.4.7'], ['postalCode', '2.5.4.17'], ['street', '2.5.4.9'], ['O', '2.5.4.10'],
  ['jurisdictionC', '1.3.6.1.4.1.311.60.2.1.3'], ['jurisdictionST', '1.3.6.1.4.1.311.60.2.1.2'], ['jurisdictionL', '1.3.6.1.4.1.311.60.2.1.1'],
  ['businessCategory', '2.5.4.15'], ['serialNumber', '2.5.4.5'], ['CN', '2.5.4.3'],
];
const isPrintable = new Set(['C', 'jurisdictionC', 'serialNumber']);

export function nameOf(subject: Record<string, string>): Bytes {
  const has = fields.filter(([field]) => subject[field]);
  return sequence(...has.map(([field, id]) => set(sequence(oid(id), (isPrintable.has(field) ? printable : utf8)(subject[field]!)))));
}

/** The 4 or 16 bytes of an address; null for a host name. */
export function addressBytes(name: string): number[] | null {
  if (/^\d+(\.\d+){3}$/.test(name)) return name.split('.').map(Number);
  if (!name.includes(':')) return null;
  const plain = name.replace(/[\d.]+$/, (tail) => {
    const v4 = tail.includes('.') ? tail.split('.').map(Number) : null;
    return v4 ? `${(v4[0]! << 8 | v4[1]!).toString(16)}:${(v4[2]! << 8 | v4[3]!).toString(16)}` : tail;
  });
  const [head = '', tail] = plain.split('::');
  const words = (text: string) => (text ? text.split(':').map((w) => parseInt(w, 16)) : []);
  const [before, after] = [words(head), words(tail ?? '')];
  const all = [...before, ...(tail === undefined ? [] : Array<number>(8 - before.length - after.length).fill(0)), ...after];
  return all.flatMap((w) => [w >> 8, w & 0xff]);
}

function altName(name: string): Bytes {
  const address = addressBytes(name);
  return address ? tlv(0x87, address) : tlv(0x82, new TextEncoder().encode(name));
}

function extensions(names: string[], subjectEmpty: boolean): Bytes {
  // Without a subject the names are all there is, and then critical (RFC 5280 4.2.1.6).
  const san = sequence(oid('2.5.29.17'), ...(subjectEmpty ? [TRUE] : []), octets(sequence(...names.map(altName))));
  const usage = sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.1'))));
  return sequence(san, usage);
}

/** The common name copies the first name of at most 64 characters (BR 7.1.4.2.2, RFC 5280 ub-common-name). */
export const commonName = (names: string[]) => names.find((n) => n.length <= 64);

/** DER. `names` are ASCII host names, wildcards or addresses; `subject` is what the service shows of an order. */
export async function makeCsr(pair: Pair, names: string[], subject: Record<string, string>): Promise<Bytes> {
  const cn = commonName(names);
  const all: Record<string, string> = { ...subject, ...(cn ? { CN: cn } : {}) };
  const wanted = sequence(oid('1.2.840.113549.1.9.14'), set(extensions(names, Object.keys(all).length === 0)));
  const info = sequence([2, 1, 0], nameOf(all), pair.spki, tlv(0xa0, wanted));
  const { algorithm, signature } = await sign(pair, info);
  return sequence(info, algorithm, bits(signature));
}
