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
  if (['issued', 'valid', 'preauthorised', 'pass'].includes(state)) return 'ok';
  if (['failed', 'revoked', 'fail'].includes(state)) return 'bad';
  if (['cancelled', 'expired', 'replaced', 'destroyed'].includes(state)) return 'off';
  return 'busy';
}

const keyWords: Record<string, string> = {
  'rsa:2048': 'RSA, 2048 bits (works everywhere)', 'rsa:3072': 'RSA, 3072 bits', 'rsa:4096': 'RSA, 4096 bits (slower)',
  'ec:p256': 'ECDSA P-256 (small and fast)', 'ec:p384': 'ECDSA P-384', 'ec:p521': 'ECDSA P-521', ed25519: 'Ed25519 (private use)',
};
export const keyWord = (type: string) => keyWords[type] ?? type;
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
export function errorText(error: unknown): string {
  if (typeof error === 'string') return sentence(error);
  if (error && typeof error === 'object') {
    const e = error as Record<string, unknown>;
    const text = e['detail'] ?? e['text'] ?? e['title'];
    if (typeof text === 'string') return sentence(text);
  }
  return '';
}

/** "order.archive.acknowledged" is shown as "archive acknowledged". */
export const eventWords = (event: string) => event.replace(/^order\./, '').replace(/[._-]+/g, ' ');
