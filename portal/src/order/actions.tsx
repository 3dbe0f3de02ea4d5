// What can be done with an order: reissue, cancel, revoke. Each asks first and says what it means.
import { useState } from 'preact/hooks';
import { api, type Order } from '../api';
import { hasValidCertificate, isAutoCsr, isMoving } from '../lib/order';
import { keyWord } from '../lib/text';
import { looksPrivate } from '../pages/csr-field';
import { Alert, Button } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Choice, Field, fieldError, Select } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';
import type { PanelProps } from './page';

type Open = 'reissue' | 'cancel' | 'revoke' | null;
interface DialogProps { order: Order; set: (o: Order) => void; onClose: () => void }

export function Actions({ order, set, writable }: PanelProps) {
  const [open, setOpen] = useState<Open>(null);
  if (!writable) return null;
  const onClose = () => setOpen(null);
  const props = { order, set: (o: Order) => { set(o); setOpen(null); }, onClose };
  const reissue = ['issued', 'revoked', 'expired'].includes(order.state) && order.certificates.length > 0;
  return (
    <>
      {reissue && <Button kind="secondary" onClick={() => setOpen('reissue')}>Reissue</Button>}
      {isMoving(order) && order.state !== 'issuing' && <Button kind="secondary" onClick={() => setOpen('cancel')}>Cancel</Button>}
      {hasValidCertificate(order) && <Button kind="danger" onClick={() => setOpen('revoke')}>Revoke</Button>}
      {open === 'reissue' && <Reissue {...props} />}
      {open === 'cancel' && <Cancel {...props} />}
      {open === 'revoke' && <Revoke {...props} />}
    </>
  );
}

function Reissue({ order, set, onClose }: DialogProps) {
  const products = useLoad(() => api.products(), []);
  const product = products.data?.find((p) => p.id === order.product);
  const [way, setWay] = useState(isAutoCsr(order) ? 'autocsr' : 'own');
  const [csr, setCsr] = useState('');
  const [keyType, setKeyType] = useState(order.key_type);
  const [delivery, setDelivery] = useState<string>(order.delivery ?? 'download');
  const reissue = useAction(async () => set(await api.reissue(order.id, way === 'own' ? { csr } : { key_type: keyType, delivery })));
  const types = product?.key_types ?? [keyType];
  return (
    <FormDialog title="Reissue the certificate" doIt="Reissue" busy={reissue.busy} error={reissue.error} fields={way === 'own' ? ['csr'] : ['key_type', 'delivery']} onClose={onClose} onSubmit={() => void reissue.run()}>
      <p>You get a new certificate for the same names. <strong>It always comes with a new key</strong>, so the key that you have now does not fit it. The certificate that you have stays valid until it ends or you revoke it.</p>
      {product?.autocsr !== false && <Choice name="way" legend="The new key" value={way} onValue={setWay} options={[{ value: 'autocsr', title: 'Make it for me' }, { value: 'own', title: 'I made one and have a CSR' }]} />}
      {way === 'own' ? <>
        <Field name="csr" label="New CSR" help="From a new key. A key that was used before is refused." error={fieldError(reissue.error, 'csr')}>
          {(p) => <textarea {...p} rows={7} class="mono" spellcheck={false} autocomplete="off" value={csr} onInput={(e) => setCsr(looksPrivate(e.currentTarget.value) ? '' : e.currentTarget.value)} />}
        </Field>
      </> : <>
        <Select name="key_type" label="Kind of key" value={keyType} onValue={setKeyType} options={types.map((k) => [k, keyWord(k)])} error={fieldError(reissue.error, 'key_type')} />
        <Select name="delivery" label="Key archive" value={delivery} onValue={setDelivery} options={[['download', 'Download it here'], ['email', 'By e-mail to me']]} error={fieldError(reissue.error, 'delivery')} />
      </>}
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
