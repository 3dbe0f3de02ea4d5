// The CSR field of the order form: takes any form, asks the service at once what it thinks of it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, type CsrCheck } from '../api';
import { Alert, Button } from '../ui/basic';
import { Field, Problem } from '../ui/form';
import { CsrVerdict } from '../ui/verdict';

export interface CsrState { busy: boolean; result: CsrCheck | null; error: ApiError | null }
const idle: CsrState = { busy: false, result: null, error: null };

/** Half a second after the last change, with the names typed so far. An older answer never replaces a newer one. */
export function useCsrCheck(csr: string, names: string[], product: string): CsrState {
  const [state, setState] = useState<CsrState>(idle);
  const turn = useRef(0);
  useEffect(() => {
    const mine = ++turn.current;
    if (!csr.trim() || looksPrivate(csr)) { setState(idle); return; }
    setState((old) => ({ ...old, busy: true }));
    const timer = setTimeout(() => {
      api.checkCsr(csr, names, product).then(
        (result) => mine === turn.current && setState({ busy: false, result, error: null }),
        (error: unknown) => mine === turn.current && setState({ busy: false, result: null, error: error instanceof ApiError ? error : null }));
    }, 500);
    return () => clearTimeout(timer);
  }, [csr, names.join(' '), product]);
  return state;
}

export const looksPrivate = (text: string) => /-----BEGIN [A-Z ]*PRIVATE KEY/.test(text);
const plainNames = (check: CsrCheck) => (check.csr?.sans ?? []).filter((s) => /^(DNS|IP):/.test(s)).map((s) => s.replace(/^(DNS|IP):/, ''));

export function CsrField({ value, onValue, check, error, typedNames, useNames }: {
  value: string; onValue: (v: string) => void; check: CsrState; error: string; typedNames: boolean; useNames: (names: string[]) => void;
}) {
  const found = check.result ? plainNames(check.result) : [];
  return (
    <>
      <Field name="csr" label="Your CSR" error={error} help="With or without the BEGIN and END lines, wrapped in any way.">
        {(p) => <textarea {...p} class="mono" rows={value ? 8 : 4} spellcheck={false} autocapitalize="off" autocomplete="off" value={value} onInput={(e) => onValue(e.currentTarget.value)} />}
      </Field>
      {looksPrivate(value) && (
        <Alert tone="bad"><p>This is a private key, not a CSR. It was not sent. Never paste it into a web page: a key that was shown around should be replaced.</p>
          <Button kind="secondary" onClick={() => onValue('')}>Empty the field</Button></Alert>
      )}
      <div aria-live="polite">
        {check.busy && <small class="muted" aria-busy="true">Looking at the CSR…</small>}
        {check.error && <Problem error={check.error} />}
        {!check.busy && check.result && <CsrVerdict check={check.result} />}
      </div>
      {!check.busy && found.length > 0 && !typedNames && (
        <Button kind="secondary" onClick={() => useNames(found)}>{found.length === 1 ? 'Use the name in the CSR' : `Use the ${found.length} names in the CSR`}</Button>
      )}
    </>
  );
}
