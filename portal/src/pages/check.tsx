// The CSR checker: works without login, stores nothing.
import { useState } from 'preact/hooks';
import { api, type CsrCheck } from '../api';
import { splitNames } from '../lib/names';
import { Button, Card, Page } from '../ui/basic';
import { CsrVerdict } from '../ui/verdict';
import { Field, fieldError, Form, Input } from '../ui/form';
import { useAction } from '../ui/hooks';

export function CheckPage() {
  const [csr, setCsr] = useState('');
  const [names, setNames] = useState('');
  const [result, setResult] = useState<CsrCheck | null>(null);
  const check = useAction(async () => { setResult(null); setResult(await api.checkCsr(csr, splitNames(names))); });
  return (
    <Page title="CSR checker" lead="Paste a certificate signing request (CSR). We show what it asks for and whether a CA would take it. Nothing is stored.">
      <div class="card">
        <Form error={check.error} fields={['csr', 'names']} onSubmit={() => void check.run()}>
          <Field name="csr" label="CSR" help="With or without the BEGIN and END lines, in any line wrapping. Never paste a private key." error={fieldError(check.error, 'csr')}>
            {(p) => <textarea {...p} rows={9} class="mono" spellcheck={false} autocomplete="off" value={csr} onInput={(e) => setCsr(e.currentTarget.value)} />}
          </Field>
          <Input name="names" label="Names that it should cover (optional)" help="For instance www.example.com example.com" value={names} onValue={setNames} error={fieldError(check.error, 'names')} />
          <div class="form-end"><Button type="submit" busy={check.busy} disabled={!csr.trim()}>Check</Button></div>
        </Form>
      </div>
      <div aria-live="polite">{result && <Card title="Result"><CsrVerdict check={result} detailed /></Card>}</div>
    </Page>
  );
}
