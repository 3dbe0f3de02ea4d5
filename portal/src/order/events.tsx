// The order's history.
import type { OrderEvent } from '../api';
import { absolute, eventWords, sentence } from '../lib/text';
import { Card } from '../ui/basic';

export function Events({ events }: { events: OrderEvent[] }) {
  if (!events.length) return null;
  const newest = [...events].sort((a, b) => (a.at < b.at ? 1 : -1));
  return (
    <Card title="History">
      <ol class="history">
        {newest.map((e, i) => (
          <li key={`${e.at}-${i}`}><time dateTime={e.at}>{absolute(e.at)}</time><strong>{sentence(eventWords(e.event)).replace(/\.$/, '')}</strong>
            {e.detail && <span class="break">{e.detail}</span>}{e.by && <small class="muted break">{e.by}</small>}</li>
        ))}
      </ol>
    </Card>
  );
}
