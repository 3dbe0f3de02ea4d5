// The small pieces that every page is made of.
import { type ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { absolute, relative, sentence, stateTone, stateWords } from '../lib/text';
import type { OrderState } from '../api';

/** A page: sets the window's title and moves the focus to its heading, so that screen readers hear where they are. */
export function Page({ title, lead, narrow, actions, children }: {
  title: string; lead?: ComponentChildren; narrow?: boolean; actions?: ComponentChildren; children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => { document.title = `${title} · AutoCSR`; }, [title]);
  useLayoutEffect(() => { heading.current?.focus({ preventScroll: true }); scrollTo(0, 0); }, []);
  return (
    <div class={narrow ? 'narrow' : ''}>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1} ref={heading}>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Card({ title, tone, children, id }: { title?: string; tone?: string; children: ComponentChildren; id?: string }) {
  const label = id ?? (title ? `card-${title.toLowerCase().replace(/[^a-z]+/g, '-')}` : undefined);
  return (
    <section class={`card ${tone ?? ''}`} aria-labelledby={title ? label : undefined}>
      {title && <h2 id={label} tabIndex={-1}>{title}</h2>}
      {children}
    </section>
  );
}

/** `tone` bad is read out at once; the others when the reader has time. */
export function Alert({ tone, children }: { tone: 'ok' | 'info' | 'warn' | 'bad'; children: ComponentChildren }) {
  return <div class={`alert ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>{children}</div>;
}

/** While busy it does nothing, but keeps the focus: a control that is disabled loses it, and whoever uses the keyboard their place. */
export function Button({ busy, kind, children, onClick, ...rest }: {
  busy?: boolean; kind?: 'secondary' | 'danger' | 'quiet'; children: ComponentChildren; type?: 'submit' | 'button';
  onClick?: (e: MouseEvent) => void; disabled?: boolean; id?: string;
}) {
  const look = kind === 'danger' ? 'danger' : kind === 'quiet' ? 'quiet' : kind === 'secondary' ? 'secondary outline' : '';
  return (
    <button type="button" class={look} aria-busy={busy ? 'true' : undefined} aria-disabled={busy ? 'true' : undefined} {...rest}
      onClick={busy ? (e) => e.preventDefault() : onClick}>{children}</button>
  );
}

export function Badge({ state }: { state: string }) {
  return <span class={`badge ${stateTone(state)}`}>{stateWords[state as OrderState] ?? sentence(state).replace(/\.$/, '')}</span>;
}

export function Time({ at }: { at: string | null | undefined }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => { const timer = setInterval(() => setNow(Date.now()), 10_000); return () => clearInterval(timer); }, []);
  if (!at) return <span>never</span>;
  return <time dateTime={at} title={absolute(at)}>{relative(at, now)}</time>;
}

export function Day({ at }: { at: string | null | undefined }) {
  return at ? <time dateTime={at}>{absolute(at)}</time> : <span>never</span>;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => { if (!said) return; const timer = setTimeout(() => setSaid(''), 2500); return () => clearTimeout(timer); }, [said]);
  const copy = () => navigator.clipboard.writeText(text).then(() => setSaid('Copied'), () => setSaid('Not copied'));
  return (
    <button type="button" class="copy" onClick={copy} aria-label={`Copy ${what}`}>
      <span aria-live="polite">{said || 'Copy'}</span>
    </button>
  );
}

/** A value to be copied exactly: commands, records, hashes. */
export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div class="code">
      <pre><code>{text}</code></pre>
      <Copy text={text} what={what} />
    </div>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

export function Loading({ what }: { what: string }) {
  return <p aria-busy="true" role="status">Loading {what}…</p>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}
