// What can be done with an order: reissue, cancel, revoke. Each asks first and says what it means.
import { useState } from 'preact/hooks';
import { api, type HandOver, type Order, type Product } from '../api';
import { canMakeKeys } from '../browserkey/keypair';
import type { Wish } from '../browserkey/make';
import { baseName } from '../lib/commands';
import { firstWish, formatOf, gradeOf, keyFields, type KeyWish } from '../lib/handover';
import { hasValidCertificate, mayCancel } from '../lib/order';
import { looksPrivate } from '../pages/csr-field';
import { mayLeave } from '../router';
import { useSession } from '../session';
import { Alert, Button, Loading } from '../ui/basic';
import { Dialog, FormDialog } from '../ui/dialog';
import { Choice, Field, fieldError, Select } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';
import { BrowserKey } from './browser-key';
import { Authorisation, checkWish, KeyChoice } from './key-choice';
import type { PanelProps } from './page';

export type Open = 'reissue' | 'cancel' | 'revoke';
interface DialogProps { order: Order; set: (o: Order) => void; onClose: () => void }

export const canReissue = (order: Order) => ['issued', 'revoked', 'expired'].includes(order.state) && order.certificates.length > 0;

export function Actions({ order, set, writable, open, setOpen }: PanelProps & { open: Open | null; setOpen: (o: Open | null) => void }) {
  if (!writable) return null;
  const onClose = () => setOpen(null);
  const props = { order, set: (o: Order) => { set(o); setOpen(null); }, onClose };
  return (
    <>
      {canReissue(order) && <Button kind="secondary" onClick={() => setOpen('reissue')}>Reissue</Button>}
      {mayCancel(order) && <Button kind="secondary" onClick={() => setOpen('cancel')}>Cancel</Button>}
      {hasValidCertificate(order) && <Button kind="danger" onClick={() => setOpen('revoke')}>Revoke</Button>}
      {open === 'reissue' && <Reissue {...props} />}
      {open === 'cancel' && <Cancel {...props} />}
      {open === 'revoke' && <Revoke {...props} />}
    </>
  );
}

function Reissue(props: DialogProps) {
  const { order } = props;
  const products = useLoad(() => api.products(), []);
  if (products.loading) return <Dialog title="Reissue the certificate" onClose={props.onClose}><div class="dialog-body"><Loading what="the product" /></div></Dialog>;
  // A product that is not offered any more is not in the list; its orders can still be reissued.
  const product = products.data?.find((p) => p.id === order.product)
    ?? { id: undefined, autocsr: gradeOf(order) !== 'own-csr', key_types: [order.key_type], default_key_type: order.key_type };
  return <ReissueForm {...props} product={product} />;
}

type ProductHere = Pick<Product, 'autocsr' | 'key_types' | 'default_key_type'> & { id: string | undefined };
/** As this order was handed over the last time; the whole recipient stands only with what the person chose last. */
function wishOf(order: Order, product: ProductHere, last: HandOver | null): KeyWish {
  const grade = gradeOf(order);
  const before = grade === 'own-csr' ? null : { grade, format: formatOf(order), recipient: last?.recipient };
  const wish = { ...firstWish(before, product, canMakeKeys()), delivery: order.delivery ?? 'download' };
  if (product.key_types.includes(order.key_type)) wish.keyType = order.key_type;
  return grade === 'own-csr' ? { ...wish, way: 'own' } : wish;
}

function ReissueForm({ order, set, onClose, product }: DialogProps & { product: ProductHere }) {
  const { session, chose } = useSession();
  const [wish, setWish] = useState(() => wishOf(order, product, session?.hand_over ?? null));
  const [making, setMaking] = useState<Wish | null>(null);
  const send = async (madeCsr: string) => {
    const fields = keyFields(wish, madeCsr);
    const next = await api.reissue(order.id, fields);
    chose(fields.hand_over);
    set(next);
  };
  const reissue = useAction(async () => {
    checkWish(wish);
    if (wish.way !== 'browser') return send('');
    setMaking({ names: order.names, subject: order.subject, keyType: wish.keyType, format: wish.lock, base: baseName(order.names[0]) });
  });
  const csrField = (
    <Field name="csr" label="New CSR" help="From a new key. A key that was used before is refused." error={fieldError(reissue.error, 'csr')}>
      {(p) => <textarea {...p} rows={7} class="mono" spellcheck={false} autocomplete="off" value={wish.csr} onInput={(e) => setWish({ ...wish, csr: looksPrivate(e.currentTarget.value) ? '' : e.currentTarget.value })} />}
    </Field>
  );
  if (making) return (
    <Dialog title="The new key" onClose={() => { if (mayLeave()) onClose(); }}>
      <div class="dialog-body"><BrowserKey wish={making} product={product.id} doIt="Reissue" onSend={send} onBack={() => setMaking(null)} /></div>
    </Dialog>
  );
  return (
    <FormDialog title="Reissue the certificate" doIt={wish.way === 'browser' ? 'Make the key' : 'Reissue'} busy={reissue.busy} error={reissue.error}
      fields={[...(wish.way === 'own' ? ['csr'] : []), 'key_type', 'delivery', 'hand_over']} onClose={onClose} onSubmit={() => void reissue.run()}>
      <p>You get a new certificate for the same names. <strong>It always comes with a new key</strong>, so the key that you have now does not fit it. The certificate that you have stays valid until it ends or you revoke it.</p>
      <KeyChoice product={product} value={wish} onValue={setWish} error={reissue.error} ownCsr={csrField} />
      <p class="muted"><Authorisation way={wish.way} /></p>
    </FormDialog>
  );
}

function Cancel({ order, set, onClose }: DialogProps) {
  const cancel = useAction(async () => set(await api.cancel(order.id)));
  return (
    <FormDialog title="Cancel this order?" doIt="Cancel the order" danger busy={cancel.busy} error={cancel.error} fields={[]} onClose={onClose} onSubmit={() => void cancel.run()}>
      <p>{hasValidCertificate(order) ? 'What was begun stops. The certificate that you have stays valid.' : 'No certificate will come from this order. You can place a new one at any time.'}</p>
    </FormDialog>
  );
}

const reasons = [
  { value: 'unspecified', title: 'No particular reason', note: 'The list of revoked certificates gives no reason.' },
  { value: 'keyCompromise', title: 'Somebody else may have the private key', note: 'Choose this whenever the key may have been seen.' },
  { value: 'superseded', title: 'It was replaced by another certificate' },
  { value: 'affiliationChanged', title: 'The name of the organisation has changed' },
  { value: 'cessationOfOperation', title: 'The site is given up' },
];

function Revoke({ order, set, onClose }: DialogProps) {
  const valid = order.certificates.filter((c) => c.state === 'valid');
  const [reason, setReason] = useState('unspecified');
  const [serial, setSerial] = useState('');
  const revoke = useAction(async () => set(await api.revoke(order.id, reason, serial || undefined)));
  return (
    <FormDialog title="Revoke the certificate?" doIt="Revoke for good" danger busy={revoke.busy} error={revoke.error} fields={['reason', 'serial']} onClose={onClose} onSubmit={() => void revoke.run()}>
      <Alert tone="warn"><p>This cannot be undone. Browsers and programs that look at the list of revoked certificates will refuse your site until you install another certificate.</p></Alert>
      {valid.length > 1 && <Select name="serial" label="Which one?" value={serial} onValue={setSerial} error={fieldError(revoke.error, 'serial')}
        options={[['', `All ${valid.length} valid certificates`], ...valid.map((c): [string, string] => [c.serial, c.serial])]} />}
      <Choice name="reason" legend="Why?" value={reason} onValue={setReason} options={reasons} />
    </FormDialog>
  );
}
