// The order form: names, organisation, and how the private key comes to its owner.
import { useMemo, useState } from 'preact/hooks';
import { api, localProblem, type NewOrder, type Product } from '../api';
import { canMakeKeys } from '../browserkey/keypair';
import type { Wish } from '../browserkey/make';
import { baseName } from '../lib/commands';
import { firstWay, firstWish, keyFields, organisationSubject, waysFor, type KeyWish } from '../lib/handover';
import { checkNames, type NameVerdict } from '../lib/names';
import { sentence } from '../lib/text';
import { BrowserKey } from '../order/browser-key';
import { Authorisation, checkWish, KeyChoice } from '../order/key-choice';
import { go, leaveFreely } from '../router';
import { useSession } from '../session';
import { Alert, Button, Loading, Page } from '../ui/basic';
import { Choice, Field, fieldError, Form, Problem, Select } from '../ui/form';
import { useAction, useFocusOnce, useLoad } from '../ui/hooks';
import { CsrField, useCsrCheck } from './csr-field';
import { OwnServerAdvice } from './own-server';
import { SubjectFields, type SubjectChoice } from './subject-fields';

export function NewOrderPage() {
  const products = useLoad(async () => (await api.products()).filter((p) => p.active), []);
  return (
    <Page title="New order" lead="Tell us the names of your site, and how its private key shall come to you. You need no CSR.">
      {products.error && <Problem error={products.error} />}
      {!products.data && products.loading && <Loading what="products" />}
      {products.data?.length === 0 && <Alert tone="info"><p>Nothing can be ordered at the moment.</p></Alert>}
      {products.data?.[0] && <OrderForm products={products.data} />}
    </Page>
  );
}

function OrderForm({ products }: { products: Product[] }) {
  const { session, chose } = useSession();
  const [productId, setProduct] = useState(products[0]?.id ?? '');
  const product = products.find((p) => p.id === productId) ?? products[0]!;
  const [text, setText] = useState('');
  const [wish, setWish] = useState<KeyWish>(() => firstWish(session?.hand_over ?? null, product, canMakeKeys()));
  const key = fitted(wish, product);
  const [method, setMethod] = useState<'http' | 'dns'>('http');
  const [who, setWho] = useState<SubjectChoice>({ organisation: '', subject: {} });
  const [making, setMaking] = useState<Wish | null>(null);
  const verdicts = useMemo(() => checkNames(text, { wildcard: product.wildcard, max: product.max_names }), [text, product]);
  const names = verdicts.filter((v) => v.ok).map((v) => v.name);
  const own = key.way === 'own';
  const csr = own ? key.csr : '';
  const check = useCsrCheck(csr, names, product.id);

  const attempt = useMemo(() => ({ body: '', key: '' }), []);
  const send = async (madeCsr: string) => {
    const body: NewOrder = { product: product.id, ...(names.length ? { names } : {}), validation: method, ...keyFields(key, madeCsr) };
    if (who.organisation) body.organisation_id = who.organisation;
    else if (Object.keys(who.subject).length) body.subject = who.subject;
    // The same order sent again after a lost answer must not become a second one.
    const text = JSON.stringify(body);
    if (attempt.body !== text) { attempt.body = text; attempt.key = crypto.randomUUID(); }
    const order = await api.newOrder(body, attempt.key);
    chose(body.hand_over);
    leaveFreely();
    go(`/orders/${order.id}`);
  };
  const place = useAction(async () => {
    const bad = verdicts.find((v) => !v.ok);
    if (bad) throw localProblem('names', `"${bad.input}": ${bad.note}`);
    if (!names.length && !own) throw localProblem('names', 'type at least one name, for instance www.example.com');
    if (product.level !== 'dv' && !who.organisation) throw localProblem('organisation_id', 'this product names an organisation: choose or add it');
    checkWish(key);
    if (key.way !== 'browser') return send('');
    const subject = product.level === 'dv' ? who.subject : await subjectOf(who.organisation, product);
    setMaking({ names, subject, keyType: key.keyType, format: key.lock, base: baseName(names[0]) });
  });
  const err = (name: string) => fieldError(place.error, name);
  if (making) return <KeyStep wish={making} product={product.id} doIt="Place the order" onSend={send} onBack={() => setMaking(null)} />;
  return (
    <Form error={place.error} fields={['product', 'names', ...(own ? ['csr'] : []), 'key_type', 'delivery', 'organisation_id', 'subject', 'validation', 'hand_over']} onSubmit={() => void place.run()}>
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
        <h2>{product.level === 'dv' ? '2' : '3'}. Private key</h2>
        <KeyChoice product={product} value={key} onValue={setWish} error={place.error}
          ownCsr={<CsrField value={key.csr} onValue={(csr) => setWish({ ...key, csr })} check={check} error={err('csr')} typedNames={text.trim() !== ''} useNames={(list) => setText(list.join('\n'))} />} />
        {!(own && csr.trim()) && <OwnServerAdvice names={names} keyType={key.keyType} file={baseName(names[0])} toPaste={() => setWish({ ...key, way: 'own' })} pasting={own} />}
      </section>
      <div class="form-end big"><Button type="submit" busy={place.busy}>{key.way === 'browser' ? 'Make the key' : 'Place the order'}</Button>
        <span class="muted">{orderSummary(names.length, key)} <Authorisation way={key.way} /></span></div>
    </Form>
  );
}

/** Another product may allow fewer kinds of key and fewer ways. */
function fitted(wish: KeyWish, product: Product): KeyWish {
  const keyType = product.key_types.includes(wish.keyType) ? wish.keyType : product.default_key_type;
  const way = waysFor(product).some((w) => w.value === wish.way) ? wish.way : firstWay(null, product, canMakeKeys());
  return { ...wish, keyType, way };
}

async function subjectOf(organisation: string, product: Product): Promise<Record<string, string>> {
  const found = (await api.organisations()).find((o) => o.id === organisation);
  if (!found) throw localProblem('organisation_id', 'this organisation is not there any more: choose another');
  return organisationSubject(found, product.level);
}

function productNote(p: Product): string {
  const what = { dv: 'We check that the names are yours', ov: 'We check the names and your organisation', ev: 'We check the names and your organisation, by two people' }[p.level];
  const count = p.max_names === 1 ? 'one name' : `up to ${p.max_names} names`;
  return `${what}. ${count.charAt(0).toUpperCase()}${count.slice(1)}${p.wildcard ? ', wildcards too' : ''}. ${sentence(p.validity_text || `valid for ${Math.round(p.validity_seconds / 86400)} days`)}`;
}

function orderSummary(count: number, key: KeyWish): string {
  if (key.way === 'own') return 'With your own CSR: the key stays with you.';
  if (!count) return '';
  if (key.way === 'browser') return 'Next: you save the locked key and its code. Nothing is ordered before that.';
  const what = key.way === 'sealed' ? 'sealed key' : key.format === 'zip' ? 'key archive' : 'locked key';
  if (key.delivery === 'download') return `Next: you download the ${what}.`;
  return `Next: the ${what} comes by e-mail${key.way === 'code' ? ', the unlock code shows here' : ''}.`;
}

/** What is being made and saved, in place of the form; "Back" finds the form as it was. */
function KeyStep(props: Parameters<typeof BrowserKey>[0]) {
  const heading = useFocusOnce<HTMLHeadingElement>();
  return <section class="card"><h2 ref={heading} tabIndex={-1}>Your key for <span class="break">{props.wish.names[0]}</span></h2><BrowserKey {...props} /></section>;
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
