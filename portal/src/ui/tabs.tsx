// Tabs as the ARIA practices describe them: one stop for the Tab key, arrows between them.
import { type ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';

export function Tabs({ label, tabs, first }: { label: string; first?: string; tabs: { id: string; title: string; body: ComponentChildren }[] }) {
  const [open, setOpen] = useState(first ?? tabs[0]?.id ?? '');
  const list = useRef<HTMLDivElement>(null);
  const base = useId();
  const move = (e: KeyboardEvent) => {
    const at = tabs.findIndex((t) => t.id === open);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    setOpen(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map((t) => (
          <button key={t.id} type="button" role="tab" data-tab={t.id} id={`${base}-${t.id}`} aria-controls={`${base}-p`}
            aria-selected={t.id === open ? 'true' : 'false'} tabIndex={t.id === open ? 0 : -1} onClick={() => setOpen(t.id)}>{t.title}</button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-p`} aria-labelledby={`${base}-${open}`}>{tabs.find((t) => t.id === open)?.body}</div>
    </div>
  );
}
