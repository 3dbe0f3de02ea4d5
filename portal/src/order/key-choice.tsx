// How the private key comes to its owner: the three grades, safest first, and the own CSR. The order form and the reissue use it.
import { type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { localProblem, type ApiError, type Product } from '../api';
import { canMakeKeys, usableTypes } from '../browserkey/keypair';
import { looksSecret, waysFor, type KeyWish, type Way } from '../lib/handover';
import { keyWord } from '../lib/text';
import { Alert, Button } from '../ui/basic';
import { Choice, Field, fieldError, Select } from '../ui/form';

interface Props {
  product: Pick<Product, 'autocsr' | 'key_types'>; value: KeyWish; onValue: (v: KeyWish) => void; error: ApiError | null; ownCsr: ComponentChildren;
}

/** `ownCsr` is the field for a pasted CSR, shown when that way is chosen. */
export function KeyChoice(props: Props) {
  const { product, value, onValue, error } = props;
  const able = canMakeKeys();
  const types = useUsableTypes(product.key_types);
  const options = waysFor(product).map((w) => w.value !== 'browser' ? w
    : !able ? { ...w, disabled: true, note: 'Not possible here: this browser makes keys only on pages that come over HTTPS.' }
      : types && !types.length ? { ...w, disabled: true, note: 'This browser makes none of the kinds of key that this product takes.' } : w);
  const problem = fieldError(error, 'hand_over');
  // Remembered from another browser, or for another product: here it cannot be done.
  useEffect(() => { if (value.way === 'browser' && types && !types.length) onValue({ ...value, way: product.autocsr ? 'code' : 'own' }); }, [value.way, types, product.autocsr]);
  return (
    <>
      <Choice look="cards" name="way" legend="How shall the private key come to you? Safest first" value={value.way} onValue={(way) => onValue({ ...value, way: way as Way })} options={options} />
      {!product.autocsr && <Alert tone="info"><p>For this product you make the key yourself: in this browser, or wherever you like.</p></Alert>}
      {problem && value.way !== 'sealed' && <small class="error" role="alert">{problem}</small>}
      {value.way === 'browser' && <BrowserFields {...props} types={types ?? []} />}
      {value.way === 'sealed' && <SealedFields {...props} />}
      {value.way === 'code' && <CodeFields {...props} />}
      {value.way === 'own' && props.ownCsr}
    </>
  );
}

/** Which of these kinds the browser makes; null while it is being tried. */
function useUsableTypes(types: string[]): string[] | null {
  const [usable, setUsable] = useState<string[] | null>(null);
  useEffect(() => {
    let over = false;
    void usableTypes(types).then((t) => { if (!over) setUsable(t); });
    return () => { over = true; };
  }, [types.join(' ')]);
  return usable;
}

function KeyType({ value, onValue, error, types }: Pick<Props, 'value' | 'onValue' | 'error'> & { types: string[] }) {
  return <Select name="key_type" label="Kind of key" value={value.keyType} onValue={(keyType) => onValue({ ...value, keyType })} error={fieldError(error, 'key_type')}
    options={types.map((k) => [k, keyWord(k)])} help="If you are not sure, keep what is chosen." />;
}

function BrowserFields(props: Props & { types: string[] }) {
  const { value, onValue, types } = props;
  // What this browser cannot make is not ordered.
  useEffect(() => { if (types[0] && !types.includes(value.keyType)) onValue({ ...value, keyType: types[0] }); }, [types, value.keyType]);
  return (
    <div class="two">
      <KeyType {...props} types={types} />
      <Select name="lock" label="Locked key file" value={value.lock} onValue={(v) => onValue({ ...value, lock: v as KeyWish['lock'] })}
        help="Both are locked with the same kind of code. You save the file and the code in the next step, before anything is ordered."
        options={[['zip', 'ZIP archive (7-Zip, Keka, bsdtar)'], ['pkcs8', 'Encrypted PKCS#8 (openssl)']]} />
    </div>
  );
}

function Delivery({ value, onValue, error, what }: Pick<Props, 'value' | 'onValue' | 'error'> & { what: string }) {
  return <Select name="delivery" label={`How do you want the ${what}?`} value={value.delivery} onValue={(v) => onValue({ ...value, delivery: v as KeyWish['delivery'] })} error={fieldError(error, 'delivery')}
    help={what === 'sealed key' ? 'Nobody on its way can open it.' : 'The code that unlocks it is only ever shown here, after your password.'}
    options={[['download', 'Download it here'], ['email', 'By e-mail to me']]} />;
}

function SealedFields(props: Props) {
  const { value, onValue, error, product } = props;
  const set = (recipient: string) => onValue({ ...value, recipient });
  const secret = looksSecret(value.recipient);
  return (
    <>
      <Field name="hand_over" label="Your public key or certificate" error={fieldError(error, 'hand_over')}
        help="One of: an age recipient (age1…), an SSH public key (ssh-ed25519 … or ssh-rsa …, as in id_ed25519.pub), or an X.509 certificate (-----BEGIN CERTIFICATE-----).">
        {(p) => <textarea {...p} class="mono" rows={value.recipient.includes('\n') ? 6 : 3} spellcheck={false} autocapitalize="off" autocomplete="off" value={value.recipient} onInput={(e) => set(e.currentTarget.value)} />}
      </Field>
      {secret && (
        <Alert tone="bad"><p>This is a private key. It was not sent. Paste the public half, and replace a key that was shown around.</p>
          <Button kind="secondary" onClick={() => set('')}>Empty the field</Button></Alert>
      )}
      <div class="two"><KeyType {...props} types={product.key_types} /><Delivery {...props} what="sealed key" /></div>
    </>
  );
}

function CodeFields(props: Props) {
  const { value, onValue, product } = props;
  return (
    <>
      <div class="two">
        <KeyType {...props} types={product.key_types} />
        <Select name="format" label="Kind of file" value={value.format} onValue={(v) => onValue({ ...value, format: v as KeyWish['format'] })} help="If you are not sure, keep what is chosen."
          options={[['zip', 'ZIP archive (7-Zip, Keka, bsdtar)'], ['pkcs8', 'Encrypted PKCS#8 (openssl)'], ['p12', 'PKCS#12'], ['p12-legacy', 'PKCS#12 for old programs (weak encryption)']]} />
        <Delivery {...props} what={value.format === 'zip' ? 'key archive' : 'locked key'} />
      </div>
      {value.format === 'p12-legacy' && <Alert tone="warn"><p>3DES and SHA-1, for programs that open nothing newer. The code is as strong as ever, the encryption around the key is not: take it only when the other PKCS#12 is refused.</p></Alert>}
    </>
  );
}

/** Stands next to the button that orders: the wording that the order's receipt repeats (key-generation-1). */
export function Authorisation({ way }: { way: Way }) {
  if (way !== 'sealed' && way !== 'code') return null;
  return <small class="authorise">By ordering you authorise this service to make the key pair of this order for you, to hand the private key over to you as chosen, and to keep no copy of it.</small>;
}

/** What can be told without asking the service. */
export function checkWish(wish: KeyWish) {
  if (wish.way === 'sealed' && !wish.recipient.trim()) throw localProblem('hand_over.recipient', 'paste your public key or certificate');
  if (wish.way === 'sealed' && looksSecret(wish.recipient)) throw localProblem('hand_over.recipient', 'this is a private key; paste the public one');
  if (wish.way === 'own' && !wish.csr.trim()) throw localProblem('csr', 'paste your CSR, or choose another way');
  if (wish.way === 'own' && looksSecret(wish.csr)) throw localProblem('csr', 'this is a private key, not a CSR');
}
