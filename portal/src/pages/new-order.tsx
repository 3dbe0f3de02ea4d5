// The order form. With the CSR field left empty the service makes key and CSR.
import { useMemo, useState } from 'preact/hooks';
import { api, localProblem, type NewOrder, type Product } from '../api';
import { go } from '../router';
import { baseName } from '../lib/commands';
import { checkNames, type NameVerdict } from '../lib/names';
import { keyWord, sentence } from '../lib/text';
import { Alert, Button, Loading, Page } from '../ui/basic';
import { Choice, Field, fieldError, Form, Problem, Select } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';
import { CsrField, useCsrCheck } from './csr-field';
import { OwnServerAdvice } from './own-server';
import { SubjectFields, type SubjectChoice } from './subject-fields';

export function NewOrderPage() {
  const products = useLoad(async () => (await api.products()).filter((p) => p.active), []);
  return (
    <Page title="New order" lead="Tell us the names of your site. If you have no CSR, we make the key and the CSR for you.">
      {products.error && <Problem error={products.error} />}
      {!products.data && products.loading && <Loading what="products" />}
      {products.data?.length === 0 && <Alert tone="info"><p>Nothing can be ordered at the moment.</p></Alert>}
      {products.data?.[0] && <OrderForm products={products.data} />}
    </Page>
  );
}

function OrderForm({ products }: { products: Product[] }) {
  const [productId, setProduct] = useState(products[0]?.id ?? '');
  const product = products.find((p) => p.id === productId) ?? products[0]!;
  const [text, setText] = useState('');
  const [csr, setCsr] = useState('');
  const [keyType, setKeyType] = useState('');
  const [delivery, setDelivery] = useState<'download' | 'email'>('download');
  const [method, setMethod] = useState<'http' | 'dns'>('http');
  const [who, setWho] = useState<SubjectChoice>({ organisation: '', subject: {} });
  const verdicts = useMemo(() => checkNames(text, { wildcard: product.wildcard, max: product.max_names }), [text, product]);
  const names = verdicts.filter((v) => v.ok).map((v) => v.name);
  const check = useCsrCheck(csr, names, product.id);
  const own = csr.trim() !== '';
  const key = product.key_types.includes(keyType) ? keyType : product.default_key_type;

  const attempt = useMemo(() => ({ body: '', key: '' }), []);
  const place = useAction(async () => {
    const bad = verdicts.find((v) => !v.ok);
    if (bad) throw localProblem('names', `"${bad.input}": ${bad.note}`);
    if (!names.length && !own) throw localProblem('names', 'type at least one name, for instance www.example.com');
    if (product.level !== 'dv' && !who.organisation) throw localProblem('organisation_id', 'this product names an organisation: choose or add it');
    const body: NewOrder = { product: product.id, ...(names.length ? { names } : {}), validation: method };
    if (own) body.csr = csr; else { body.key_type = key; body.delivery = delivery; }
    if (who.organisation) body.organisation_id = who.organisation;
    else if (Object.keys(who.subject).length) body.subject = who.subject;
    // The same order sent again after a lost answer must not become a second one.
    const text = JSON.stringify(body);
    if (attempt.body !== text) { attempt.body = text; attempt.key = crypto.randomUUID(); }
    go(`/orders/${(await api.newOrder(body, attempt.key)).id}`);
  });
  const err = (name: string) => fieldError(place.error, name);
  return (
    <Form error={place.error} fields={['product', 'names', 'csr', 'key_type', 'delivery', 'organisation_id', 'subject', 'validation']} onSubmit={() => void place.run()}>
      <section class="card">
        <h2>1. Certificate</h2>
        <Choice look="cards" name="product" legend="Product" value={product.id} onValue={setProduct}
          options={products.map((p) => ({ value: p.id, title: p.title, note: productNote(p) }))} />
        {err('product') && <small class="error" role="alert">{err('product')}</small>}
        <Field name="names" label="Names, one per line" error={err('names')}
          help={product.wildcard ? 'For instance www.example.com, or *.example.com for every name one level below.' : 'For instance www.example.com. Add example.com too when people leave out the www.'}>
          {(p) => <textarea {...p} rows={4} spellcheck={false} autocapitalize="off" autocomplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} />}
        </Field>
        <NameFeedback verdicts={verdicts} />
        {names.some((n) => !n.startsWith('*.')) && (
          <Select name="validation" label="How will you show that the names are yours?" value={method} onValue={(v) => setMethod(v as 'http' | 'dns')} error={err('validation')}
            help="We tell you the exact file or record after the order. You can change your mind then."
            options={[['http', 'Put a file on the web server'], ['dns', 'Add a DNS record']]} />
        )}
      </section>
      <SubjectFields level={product.level} value={who} onValue={setWho} error={place.error} />
      <section class="card">
        <h2>{product.level === 'dv' ? '2' : '3'}. Key and CSR</h2>
        <CsrField value={csr} onValue={setCsr} check={check} error={err('csr')} autocsr={product.autocsr} typedNames={text.trim() !== ''}
          useNames={(list) => setText(list.join('\n'))} />
        {!own && <KeyChoice product={product} keyType={key} setKeyType={setKeyType} delivery={delivery} setDelivery={setDelivery} err={err} />}
        {!own && <OwnServerAdvice names={names} keyType={key} file={baseName(names[0])} />}
      </section>
      <div class="form-end big"><Button type="submit" busy={place.busy}>Place the order</Button><span class="muted">{orderSummary(names.length, own, delivery)}</span></div>
    </Form>
  );
}

function productNote(p: Product): string {
  const what = { dv: 'We check that the names are yours', ov: 'We check the names and your organisation', ev: 'We check the names and your organisation, by two people' }[p.level];
  const count = p.max_names === 1 ? 'one name' : `up to ${p.max_names} names`;
  return `${what}. ${count.charAt(0).toUpperCase()}${count.slice(1)}${p.wildcard ? ', wildcards too' : ''}. ${sentence(p.validity_text || `valid for ${Math.round(p.validity_seconds / 86400)} days`)}`;
}

function orderSummary(count: number, own: boolean, delivery: string): string {
  if (own) return 'With your own CSR: the key stays with you.';
  if (!count) return '';
  return delivery === 'email' ? 'Next: the key archive comes by e-mail, the unlock code shows here.' : 'Next: you download the key archive.';
}

function NameFeedback({ verdicts }: { verdicts: NameVerdict[] }) {
  const good = verdicts.filter((v) => v.ok).length;
  return (
    <>
      <p class="sr" role="status">{verdicts.length ? `${good} of ${verdicts.length} names look right` : ''}</p>
      {verdicts.length > 0 && (
        <ul class="names">
          {verdicts.map((v, i) => <li key={`${i}-${v.input}`} class={v.ok ? 'pass' : 'fail'}><span class="mark">{v.ok ? 'Good' : 'No'}</span><span class="break">{v.input}</span>{v.note && <small>{v.note}</small>}</li>)}
        </ul>
      )}
    </>
  );
}

function KeyChoice({ product, keyType, setKeyType, delivery, setDelivery, err }: {
  product: Product; keyType: string; setKeyType: (v: string) => void; delivery: 'download' | 'email'; setDelivery: (v: 'download' | 'email') => void; err: (n: string) => string;
}) {
  if (!product.autocsr) return <Alert tone="info"><p>For this product the key must be made by you. Please paste a CSR; the commands below make one.</p></Alert>;
  return (
    <div class="two">
      <Select name="key_type" label="Kind of key" value={keyType} onValue={setKeyType} error={err('key_type')} options={product.key_types.map((k) => [k, keyWord(k)])}
        help="If you are not sure, keep what is chosen." />
      <Select name="delivery" label="How do you want the key archive?" value={delivery} onValue={(v) => setDelivery(v as 'download' | 'email')} error={err('delivery')}
        help="The code that unlocks it is only ever shown here, after your password."
        options={[['download', 'Download it here'], ['email', 'By e-mail to me']]} />
    </div>
  );
}
