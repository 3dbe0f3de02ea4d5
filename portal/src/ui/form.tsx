// Forms: labels, help and errors tied to their field, and a problem document shown next to the field that it names.
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api';
import { sentence } from '../lib/text';
import { Alert } from './basic';

const root = (field: string) => field.split(/[.[]/)[0] ?? '';
/** The text for one field; `names[2]` and `subject.C` belong to `names` and `subject`. */
export const fieldError = (error: ApiError | null, name: string) =>
  error && (error.field === name || root(error.field) === name) ? sentence(error.detail) : '';

export interface ControlProps { id: string; name: string; 'aria-describedby'?: string; 'aria-invalid'?: 'true' }

/** The form's last refusal: each is a new one, though its words may be the same. */
const Refusal = createContext<ApiError | null>(null);

/** What was wrong is no longer said once the field is changed: it was said of what stood there before. */
export function Field({ name, label, help, error: said, children }: {
  name: string; label: ComponentChildren; help?: ComponentChildren; error?: string; children: (p: ControlProps) => ComponentChildren;
}) {
  const id = useId();
  const refusal = useContext(Refusal);
  const [over, setOver] = useState<{ refusal: ApiError | null; said?: string } | null>(null);
  const error = over && over.refusal === refusal && over.said === said ? '' : said;
  const about = [help ? `${id}-h` : '', error ? `${id}-e` : ''].filter(Boolean).join(' ');
  return (
    <div class="field" onInput={() => setOver({ refusal, said })}>
      <label for={id}>{label}</label>
      {children({ id, name, 'aria-describedby': about || undefined, 'aria-invalid': error ? 'true' : undefined })}
      {error && <small id={`${id}-e`} class="error" role="alert">{error}</small>}
      {help && <small id={`${id}-h`} class="help">{help}</small>}
    </div>
  );
}

interface InputProps {
  type?: 'email' | 'password' | 'number' | 'text'; autocomplete?: string; required?: boolean; autoFocus?: boolean; inputMode?: 'numeric'; maxLength?: number; min?: number; step?: string;
}
export function Input({ name, label, help, error, value, onValue, ...rest }: InputProps & {
  name: string; label: ComponentChildren; help?: ComponentChildren; error?: string; value: string; onValue: (v: string) => void;
}) {
  return (
    <Field name={name} label={label} help={help} error={error}>
      {(p) => <input {...(rest as object)} {...p} value={value} onInput={(e) => onValue(e.currentTarget.value)} />}
    </Field>
  );
}

export function Select({ name, label, help, error, value, onValue, options }: {
  name: string; label: string; help?: ComponentChildren; error?: string; value: string; onValue: (v: string) => void; options: [string, string][];
}) {
  return (
    <Field name={name} label={label} help={help} error={error}>
      {(p) => (
        <select {...p} value={value} onChange={(e) => onValue(e.currentTarget.value)}>
          {options.map(([v, text]) => <option key={v} value={v} selected={v === value}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}

export function Check({ name, label, checked, onValue }: { name: string; label: ComponentChildren; checked: boolean; onValue: (v: boolean) => void }) {
  return <label class="check"><input type="checkbox" name={name} checked={checked} onChange={(e) => onValue(e.currentTarget.checked)} /> {label}</label>;
}

/** Radio buttons as a group with a legend. */
export function Choice({ name, legend, value, onValue, options, look = '' }: {
  name: string; legend: string; value: string; onValue: (v: string) => void; look?: 'cards' | 'inline' | '';
  options: { value: string; title: string; note?: ComponentChildren; disabled?: boolean }[];
}) {
  return (
    <fieldset class={`choice ${look}`}>
      <legend>{legend}</legend>
      {options.map((o) => (
        <label key={o.value} class={o.value === value ? 'on' : ''}>
          <input type="radio" name={name} value={o.value} checked={o.value === value} disabled={o.disabled} onChange={() => onValue(o.value)} />
          <span><strong>{o.title}</strong>{o.note && <small>{o.note}</small>}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A form that shows the problem next to its field, or on top when it names none of `fields`, and moves the focus there. */
export function Form({ error, fields, onSubmit, children }: {
  error: ApiError | null; fields: string[]; onSubmit: () => void; children: ComponentChildren;
}) {
  const form = useRef<HTMLFormElement>(null);
  const known = error !== null && fields.includes(root(error.field));
  useEffect(() => {
    if (!error) return;
    const target = known ? form.current?.querySelector<HTMLElement>(`[name="${root(error.field)}"]`) : null;
    target?.focus();
  }, [error]);
  const submit = (e: Event) => { e.preventDefault(); onSubmit(); };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      {error && !known && <Problem error={error} />}
      <Refusal.Provider value={error}>{children}</Refusal.Provider>
    </form>
  );
}

export function Problem({ error }: { error: ApiError }) {
  const wait = error.retryAfter ? ` Try again in ${error.retryAfter} seconds.` : '';
  return <Alert tone="bad"><p>{sentence(error.detail)}{wait}</p></Alert>;
}
