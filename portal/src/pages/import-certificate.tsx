// Certificates that an offline CA made: pasted or taken from files, each finds its order by its key.
import { useState } from 'preact/hooks';
import { api, type Imported } from '../api';
import { href } from '../router';
import { sentence } from '../lib/text';
import { Alert, Button, Card } from '../ui/basic';
import { Field, fieldError, Form } from '../ui/form';
import { useAction } from '../ui/hooks';

/** A file as the service reads it: text as it is, anything else in base64. */
async function fileText(file: File): Promise<string> {
  const data = new Uint8Array(await file.arrayBuffer());
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    if (!text.includes('\0')) return text;
  } catch { /* no text: DER */ }
  let binary = '';
  for (const b of data) binary += String.fromCharCode(b);
  return `-----BEGIN PKCS7-----\n${btoa(binary).replace(/.{64}/g, '$&\n')}\n-----END PKCS7-----`;
}

export function ImportCard({ order, done }: { order?: string; done?: () => Promise<void> }) {
  const [text, setText] = useState('');
  const [result, setResult] = useState<Imported | null>(null);
  const take = useAction(async () => {
    setResult(null);
    if (order) { await api.importCertificate(order, text); await done?.(); } else setResult(await api.importCertificates(text));
    setText('');
  });
  const files = useAction(async (list: FileList | null) => setText((await Promise.all([...(list ?? [])].map(fileText))).join('\n')));
  return (
    <Card title={order ? 'Import its certificate' : 'Import certificates'} id="import">
      <p>{order ? 'What the CA sent, with or without its chain.' : 'What an offline CA sent; each certificate goes to the order whose key it has.'} PEM, DER, PKCS#7, or a whole mail.</p>
      <Form error={take.error} fields={['certificate', 'certificates']} onSubmit={() => void take.run()}>
        <Field name="certificate" label="Certificate" error={fieldError(take.error, 'certificate')}>
          {(p) => <textarea {...p} rows={5} class="mono" spellcheck={false} autocomplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} />}
        </Field>
        <Field name="files" label="or files">{(p) => <input {...p} type="file" multiple onChange={(e) => void files.run(e.currentTarget.files)} />}</Field>
        <div class="form-end"><Button type="submit" busy={take.busy} disabled={!text.trim()}>Import</Button></div>
      </Form>
      {result && result.imported.length > 0 && <Alert tone="ok"><ul class="bare">{result.imported.map((i) => <li key={i.order_id}><a href={href(`/orders/${i.order_id}`)}>{i.names}</a> is issued.{i.warnings.map((w) => <small key={w} class="muted"> {sentence(w)}</small>)}</li>)}</ul></Alert>}
      {result && result.refused.length > 0 && <Alert tone="warn"><ul class="bare">{result.refused.map((r) => <li key={r.sha256}><strong>{r.name}</strong>: {sentence(r.detail)}</li>)}</ul></Alert>}
    </Card>
  );
}
