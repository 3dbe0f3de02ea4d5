// Orders just made: the page that shows them next starts with the answer to the POST, which alone may carry the archive's address.
// Lives in memory only and is read once for each order.
import type { Order } from '../api';

const fresh = new Map<string, Order>();
export function remember(order: Order) { fresh.set(order.id, order); }
export function recall(id: string): Order | null {
  const order = fresh.get(id) ?? null;
  fresh.delete(id);
  return order;
}
