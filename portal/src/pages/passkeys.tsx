// The passkeys of a user: add, name, remove. And fresh recovery codes, which every second factor comes with.
import { useState } from 'preact/hooks';
import { api, ApiError, type Passkey, type Passkeys, type Proof } from '../api';
import { createPasskey, passkeysHere } from '../lib/webauthn';
import { useSession, useUser } from '../session';
import { Alert, Button, Card, Loading, Time } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { fieldError, Form, Input, Problem } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';
import { ProofDialog } from '../ui/second';

export function PasskeysCard({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const { refresh } = useSession();
  const keys = useLoad(() => api.passkeys(), []);
  const [removing, setRemoving] = useDialog<Passkey>();
  const [naming, setNaming] = useDialog<Passkey>();
  const changed = async () => { await keys.reload(); await refresh(); setRemoving(null); setNaming(null); };
  const list = keys.data?.passkeys ?? [];
  return (
    <Card title="Passkeys">
      <p>A passkey is kept by your phone, your computer or a security key and opened by your finger, face or PIN. It logs you in without a password, and nobody can trick you out of it.</p>
      {keys.error && <Problem error={keys.error} />}
      {!keys.data && !keys.error && <Loading what="your passkeys" />}
      {list.length > 0 && (
        <table class="stack">
          <thead><tr><th>Name</th><th>Added</th><th>Last used</th><th><span class="sr">What you can do</span></th></tr></thead>
          <tbody>{list.map((k) => (
            <tr key={k.id}>
              <th scope="row" data-label="Name">{k.name}</th>
              <td data-label="Added"><Time at={k.created_at} /></td>
              <td data-label="Last used"><Time at={k.last_used_at} /></td>
              <td class="row-actions"><Button kind="quiet" onClick={() => setNaming(k)}>Rename</Button><Button kind="quiet" onClick={() => setRemoving(k)}>Remove</Button></td>
            </tr>
          ))}</tbody>
        </table>
      )}
      {keys.data && <Add keys={keys.data} onAdded={async (codes) => { if (codes) onCodes(codes); await changed(); }} />}
      {removing && (
        <ProofDialog title={`Remove “${removing.name}”?`} doIt="Remove" danger onClose={() => setRemoving(null)} act={async (proof) => { await api.removePasskey(removing.id, proof); await changed(); }}>
          <p>It cannot be used here any more. {list.length === 1 ? 'It is your last passkey. ' : ''}You may delete it from the device as well.</p>
        </ProofDialog>
      )}
      {naming && <Rename passkey={naming} onClose={() => setNaming(null)} onDone={changed} />}
    </Card>
  );
}

/** The service knows the one address; elsewhere the browser would refuse. */
function Add({ keys, onAdded }: { keys: Passkeys; onAdded: (codes?: string[]) => Promise<void> }) {
  const [name, setName] = useState('');
  const [proving, setProving] = useState(false);
  const make = async (proof: Proof) => {
    const response = await createPasskey(await api.passkeyOptions(proof));
    const made = await api.addPasskey(name.trim(), response);
    setName(''); setProving(false);
    await onAdded(made.recovery_codes);
  };
  const add = useAction(async () => {
    try { await make({}); } catch (e) {
      if (!(e instanceof ApiError) || e.id !== 'auth.reauth') throw e;
      setProving(true);
    }
  });
  if (!keys.possible) return <Alert tone="info"><p>Passkeys cannot be used here: {keys.why}.</p></Alert>;
  if (location.origin !== keys.origin)
    return <Alert tone="info"><p>Passkeys belong to a name, so they work at <a href={`${keys.origin}/#/account/security`}>{keys.origin}</a> only. Open this page there to add one.</p></Alert>;
  if (!passkeysHere()) return <Alert tone="info"><p>This browser has no passkeys.</p></Alert>;
  return (
    <>
      <Form error={add.error} fields={['name']} onSubmit={() => void add.run()}>
        <Input name="name" label="Name for a new passkey" help="So that you know it again, such as: my phone, blue security key." maxLength={64} value={name} onValue={setName} error={fieldError(add.error, 'name')} />
        <div class="form-end"><Button type="submit" busy={add.busy} disabled={!name.trim()}>Add a passkey</Button></div>
      </Form>
      {proving && <ProofDialog title="Add a passkey" doIt="Go on" always act={make} onClose={() => setProving(false)}><p>Show once more that it is you.</p></ProofDialog>}
    </>
  );
}

function Rename({ passkey, onClose, onDone }: { passkey: Passkey; onClose: () => void; onDone: () => Promise<void> }) {
  const [name, setName] = useState(passkey.name);
  const [proving, setProving] = useState(false);
  const rename = async (proof: Proof) => { await api.renamePasskey(passkey.id, name.trim(), proof); await onDone(); };
  const save = useAction(async () => {
    try { await rename({}); } catch (e) {
      if (!(e instanceof ApiError) || e.id !== 'auth.reauth') throw e;
      setProving(true);
    }
  });
  if (proving) return <ProofDialog title="Rename the passkey" doIt="Rename" always act={rename} onClose={onClose}><p>Show once more that it is you.</p></ProofDialog>;
  return (
    <FormDialog title="Rename the passkey" doIt="Rename" busy={save.busy} error={save.error} fields={['name']} onClose={onClose} onSubmit={() => void save.run()}>
      <Input name="name" label="New name" maxLength={64} value={name} onValue={setName} error={fieldError(save.error, 'name')} />
    </FormDialog>
  );
}

export function RecoveryCard({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const user = useUser();
  const keys = useLoad(() => api.passkeys(), [user.passkeys, user.totp]);
  const [asking, setAsking] = useState(false);
  const left = keys.data?.recovery_codes_left;
  return (
    <Card title="Recovery codes">
      <p>Each stands in once for your second factor, in the browser and as <code>--totp</code> of the <code>autocsr</code> command.{left !== undefined && <> You have <strong>{left}</strong> left.</>}</p>
      <div class="form-end"><Button kind="secondary" onClick={() => setAsking(true)}>Make new codes</Button></div>
      {asking && (
        <ProofDialog title="Make new recovery codes" doIt="Make them" onClose={() => setAsking(false)} act={async (proof) => { const codes = await api.newRecoveryCodes(proof); setAsking(false); onCodes(codes); }}>
          <p>You get ten new codes. All earlier ones stop working.</p>
        </ProofDialog>
      )}
    </Card>
  );
}
