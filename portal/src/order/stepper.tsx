// The way of an order, as a list with the current step marked.
import type { Order } from '../api';
import { steps } from '../lib/order';

const words = { done: 'done', now: 'now', todo: 'to come', stopped: 'stopped here' };

export function Stepper({ order }: { order: Order }) {
  return (
    <ol class="stepper" aria-label="Progress of the order">
      {steps(order).map((s) => (
        <li key={s.id} class={s.state} aria-current={s.state === 'now' ? 'step' : undefined}>
          <span class="dot" aria-hidden="true" />
          <span>{s.title}<span class="sr">: {words[s.state]}</span></span>
        </li>
      ))}
    </ol>
  );
}
