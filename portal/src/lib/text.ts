// Turning values of the API into words for people. Pure functions, tested in test/text.test.ts.
import type { OrderState } from '../api';

/** The service's texts are lower case without a full stop (they also go into logs); a page shows sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return '';
  if (!/\s/.test(trimmed) && /[._@*:]/.test(trimmed)) return trimmed; // a name, not a sentence
  const first = trimmed.split(/\s/)[0] ?? '';
  // A name such as www.example.com keeps its case.
  const start = /[._@*]./.test(first) ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?:)]$/.test(start) ? start : `${start}.`;
}

export const stateWords: Record<OrderState, string> = {
  new: 'New', handover: 'Key hand-over', validating: 'Domain check', vetting: 'Organisation check', issuing: 'Being issued', issued: 'Issued',
  cancelled: 'Cancelled', failed: 'Failed', revoked: 'Revoked', expired: 'Expired', replaced: 'Replaced',
};
export function stateTone(state: string): 'ok' | 'busy' | 'bad' | 'off' {
  if (['issued', 'valid', 'preauthorised', 'by-ca', 'pass'].includes(state)) return 'ok';
  if (['failed', 'revoked', 'fail'].includes(state)) return 'bad';
  if (['cancelled', 'expired', 'replaced', 'destroyed', 'deactivated', 'used', 'switched off'].includes(state)) return 'off';
  return 'busy';
}

const keyWords: Record<string, string> = {
  'rsa:2048': 'RSA, 2048 bits (works everywhere)', 'rsa:3072': 'RSA, 3072 bits', 'rsa:4096': 'RSA, 4096 bits (slower)',
  'ec:p256': 'ECDSA P-256 (small and fast)', 'ec:p384': 'ECDSA P-384', 'ec:p521': 'ECDSA P-521', ed25519: 'Ed25519 (private use)',
};
/** "ml-dsa-65", "slh-dsa-sha2-128s": by the names of the standards. */
const postQuantum = (type: string) => type.startsWith('ml-dsa-') ? type.toUpperCase()
  : type.startsWith('slh-dsa-') ? type.slice(0, -1).toUpperCase() + type.slice(-1) : null;
export const keyWord = (type: string) => {
  const name = postQuantum(type);
  return keyWords[type] ?? (name ? `${name} (post-quantum, private use; few programs take it yet)` : type);
};
export const shortKey = (type: string) => keyWord(type).replace(/ \(.*\)$/, '');

export function bytes(n: number | null): string {
  if (n === null) return '';
  return n < 1024 ? `${n} bytes` : n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KB` : `${(n / 1048576).toFixed(1)} MB`;
}

/** "in 5 minutes", "3 days ago": one unit, rounded down, so that a deadline is never shown later than it is. */
export function relative(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return 'just now';
  const [unit, length]: [string, number] = size < 60 ? ['second', 1] : size < 3600 ? ['minute', 60] : size < 86400 ? ['hour', 3600] : ['day', 86400];
  const n = Math.floor(size / length);
  const words = `${n} ${unit}${n === 1 ? '' : 's'}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

export function absolute(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function hex(data: ArrayBuffer): string {
  return Array.from(new Uint8Array(data), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** `error` of a validation: a text, or a problem document. Never shown as raw JSON. */
export function plainError(error: unknown): string {
  if (typeof error === 'string') return error;
  const e = (error ?? {}) as Record<string, unknown>;
  const text = e['detail'] ?? e['text'] ?? e['title'];
  return typeof text === 'string' ? text : '';
}
export const errorText = (error: unknown) => sentence(plainError(error));
/** "": it has none. */
export function errorId(error: unknown): string {
  const id = error && typeof error === 'object' ? (error as Record<string, unknown>)['id'] : '';
  return typeof id === 'string' ? id : '';
}

const events: Record<string, string> = {
  'order.created': 'Ordered', 'order.handover': 'Key ordered', 'key.made': 'Key made', 'key.browser': 'Key made in the browser', 'archive.fetched': 'Archive fetched', 'archive.sent': 'Archive went out',
  'archive.lost': 'Archive lost', 'key.handed-over': 'Archive confirmed', 'order.validating': 'Domain check begun', 'name.validated': 'Name checked',
  'order.vetting': 'Organisation check begun', 'order.approved': 'Organisation approved', 'order.issuing': 'Signing begun', 'certificate.issued': 'Certificate signed',
  'order.issued': 'Order complete', 'order.placed-upstream': 'Placed at the other CA', 'code.revealed': 'Unlock code shown', 'receipt.signed': 'Receipt signed', 'code.destroyed': 'Unlock code destroyed', 'certificate.revoked': 'Certificate revoked',
};
/** An event in a few words; one that this page does not know keeps its own: "some.new-thing" is "Some new thing". */
export function eventWords(event: string): string {
  const plain = event.replace(/^order\./, '').replace(/[._-]+/g, ' ');
  return events[event] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}
/** Fingerprints in running text, cut to what the eye can compare; the whole ones stand in the details. */
export const shortHashes = (text: string) => text.replace(/\b([0-9a-f]{8})[0-9a-f]{24,}\b/g, '$1…');

const BROWSERS: [RegExp, string][] = [[/\bEdg/, 'Edge'], [/\bOPR\//, 'Opera'], [/Firefox\/|FxiOS/, 'Firefox'], [/Chrome\/|CriOS/, 'Chrome'], [/Safari\//, 'Safari']];
const SYSTEMS: [RegExp, string][] = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** "Firefox on Windows" out of a User-Agent header; a header that no browser sends stays as it is. */
export function browserName(agent: string): string {
  const of = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = of(BROWSERS), system = of(SYSTEMS);
  return browser ? `${browser}${system ? ` on ${system}` : ''}` : agent;
}
