// What an order's state means for the person who placed it: the steps, and the one thing to do next.
import type { Order } from '../api';
import { fileWord, gradeOf } from './handover';
import { sentence } from './text';

export type StepState = 'done' | 'now' | 'todo' | 'stopped';
export interface Step { id: string; title: string; state: StepState }

export const isAutoCsr = (order: Order) => order.key_source === 'autocsr';
export const isOver = (order: Order) => ['cancelled', 'failed', 'revoked', 'expired', 'replaced'].includes(order.state);
/** States that change without the person doing something here. */
export const isMoving = (order: Order) => ['new', 'handover', 'validating', 'vetting', 'issuing'].includes(order.state);
/** While it is issued, only at another CA that has not got the CSR from us. */
export const mayCancel = (order: Order) => isMoving(order)
  && (order.state !== 'issuing' || (!!order.upstream && !['finalize', 'download', 'done'].includes(order.upstream.step)));
export const hasValidCertificate = (order: Order) => order.certificates.some((c) => c.state === 'valid');

export function steps(order: Order): Step[] {
  const all: [string, string][] = [['new', 'Ordered']];
  if (isAutoCsr(order)) all.push(['handover', 'Key hand-over']);
  all.push(['validating', 'Domain check']);
  if (order.level !== 'dv') all.push(['vetting', 'Organisation check']);
  all.push(['issuing', 'Signing'], ['issued', 'Issued']);
  const at = all.findIndex(([id]) => id === order.state);
  const reached = reachedStep(order, all.map(([id]) => id));
  return all.map(([id, title], i) => {
    if (order.state === 'issued') return { id, title, state: 'done' };
    if (at >= 0) return { id, title, state: i < at || (i === 0 && at > 0) ? 'done' : i === at ? 'now' : 'todo' };
    return { id, title, state: i < reached ? 'done' : i === reached ? 'stopped' : 'todo' };
  });
}

// An order that ended keeps showing how far it came.
function reachedStep(order: Order, ids: string[]): number {
  if (order.certificates.length) return ids.length;
  const archive = order.archive?.state;
  if (isAutoCsr(order) && archive !== 'acknowledged' && archive !== 'mailed') return 1;
  const checked = order.validations?.length && order.validations.every((v) => ['valid', 'preauthorised', 'by-ca'].includes(v.state));
  return checked ? ids.indexOf('validating') + 1 : ids.indexOf('validating');
}

function handoverSentence(order: Order): string {
  const it = fileWord(order);
  switch (order.archive?.state) {
    case 'making': return 'Your key is being made. This takes a moment.';
    case 'waiting': return `Download the ${it} and confirm that you have it. The order goes on after that.`;
    case 'fetched': return `Confirm that you have the ${it}, or make a new key if the download failed.`;
    case 'mailing': return `The ${it} is on its way to the mail server. The order goes on when the mail server has accepted it.`;
    case 'lost': return `The ${it} was lost before it reached you. Make a new key to go on.`;
    default: return '';
  }
}

function issuedSentence(order: Order): string {
  const ready = 'Your certificate is ready: download it';
  switch (gradeOf(order)) {
    case 'browser': return `${ready}, open the key file that you saved with its code, and install both.`;
    case 'sealed': return `${ready}, open the sealed key with your own private key, and install both.`;
    case 'code': return `${ready}, open the ${fileWord(order)} with the unlock code, and install both.`;
    default: return `${ready} and install it with the key on your server.`;
  }
}

/** One sentence: what happens now, and what the customer has to do. Says nothing that the API did not say. */
/** At a CA that people bring the CSR to. */
const byHand = (order: Order) => order.upstream?.kind === 'offline';

export function nextSentence(order: Order): string {
  const open = (order.validations ?? []).filter((v) => v.state === 'pending' || v.state === 'failed').length;
  if (order.upstream?.held) return sentence(order.next ?? ''); // nothing that the customer could do would help now
  switch (order.state) {
    case 'handover': return handoverSentence(order) || sentence(order.next ?? '');
    case 'validating': return open === 0 ? 'All names are checked. The order goes on by itself.'
      : `Show that ${open === 1 ? 'the name is' : `${open} names are`} yours: publish the file or DNS record below. We look for it by ourselves, and again when you press "Check now".`;
    case 'vetting': return 'We check the organisation. You will see the result here; there is nothing for you to do unless we ask.';
    case 'issuing': return byHand(order) ? sentence(order.next ?? '') : order.upstream ? `${order.upstream.title} is making the certificate.` : 'The certificate is being signed.';
    case 'issued': return issuedSentence(order);
    case 'failed': return order.next ? sentence(order.next) : 'This order cannot go on. The reason is below.';
    case 'cancelled': return 'This order was cancelled. No certificate comes from it.';
    case 'revoked': return byHand(order) && order.next ? `The certificate is marked as revoked here. ${sentence(order.next)}` : 'The certificate was revoked and must not be used any more. Reissue to get a new one with a new key.';
    case 'expired': return 'The certificate has expired. Reissue or place a new order.';
    case 'replaced': return 'This order was replaced by a newer one.';
    default: return sentence(order.next ?? 'the order is being set up');
  }
}

/** Delay before the n-th look at an order that did not change, in milliseconds; null when it is time to stop and ask the person. */
export function pollDelay(n: number): number | null {
  const seconds = [1, 1, 2, 2, 3, 5, 8, 12, 20, 30][n] ?? 45;
  return n > 60 ? null : seconds * 1000;
}
