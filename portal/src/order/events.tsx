// The order's history.
import type { OrderEvent } from '../api';
import { useState } from 'preact/hooks';
import { absolute, eventWords, shortHashes } from '../lib/text';
import { Button, Card } from '../ui/basic';

const FEW = 6;
/** Newest first. Events of the same second keep the order in which the service gave them. */
function inOrder(events: OrderEvent[]): OrderEvent[] {
  const oldestFirst = (events[0]?.at ?? '') <= (events[events.length - 1]?.at ?? '');
  return oldestFirst ? [...events].reverse() : events;
}

export function Events({ events }: { events: OrderEvent[] }) {
  const [all, setAll] = useState(false);
  if (!events.length) return null;
  const newest = inOrder(events);
  const shown = all ? newest : newest.slice(0, FEW);
  return (
    <Card title="History">
      <ol class="history">
        {shown.map((e, i) => (
          <li key={`${e.at}-${i}`}><time dateTime={e.at}>{absolute(e.at)}</time><strong>{eventWords(e.event)}</strong>
            {e.detail && <span class="break">{shortHashes(e.detail)}</span>}{e.by && e.by !== 'system' && <small class="muted break">{e.by}</small>}</li>
        ))}
      </ol>
      {newest.length > FEW && <Button kind="quiet" onClick={() => setAll(!all)}>{all ? 'Show less' : `Show all ${newest.length}`}</Button>}
    </Card>
  );
}
