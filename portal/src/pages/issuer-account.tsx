// The account at another CA: its terms, a binding where the CA wants one, another key, the end. And the operator's statement.
import { useState } from 'preact/hooks';
import { api, ApiError, type IssuerSettings } from '../api';
import { knownCas } from '../lib/known-cas';
import { Badge, Button, Fact } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Check, fieldError, Input, Problem } from '../ui/form';
import { useAction, useDialog } from '../ui/hooks';
import { ProofDialog } from '../ui/second';

export function Account({ issuer, done }: { issuer: IssuerSettings; done: () => Promise<void> }) {
  const [open, setOpen] = useDialog<'register' | 'end'>();
  const roll = useAction(async () => { await api.rollIssuer(issuer.name); await done(); });
  const end = useAction(async () => { await api.endIssuer(issuer.name); await done(); setOpen(null); });
  const account = issuer.account;
  const valid = account?.status === 'valid';
  return (
    <>
      <h3>Account there</h3>
      {!account && <p>None yet. Orders wait until there is one.</p>}
      {account && (
        <dl class="facts">
          <Fact name="State"><Badge state={account.status} /></Fact>
          <Fact name="Address"><span class="break">{account.url}</span></Fact>
          {account.thumbprint && <Fact name="Key"><code class="break">{account.thumbprint}</code>{account.rolling && ' (a change was begun; its end is not known yet)'}</Fact>}
        </dl>
      )}
      {roll.error && <Problem error={roll.error} />}
      <div class="form-end">
        <Button kind={valid ? 'secondary' : undefined} onClick={() => setOpen('register')}>{valid ? 'Register again' : 'Register'}</Button>
        {valid && <Button kind="secondary" busy={roll.busy} onClick={() => void roll.run()}>New key</Button>}
        {valid && <Button kind="quiet" onClick={() => setOpen('end')}>Deactivate</Button>}
      </div>
      {open === 'register' && <Register issuer={issuer} onClose={() => setOpen(null)} done={async () => { await done(); setOpen(null); }} />}
      {open === 'end' && (
        <FormDialog title={`Deactivate the account at ${issuer.title}?`} doIt="Deactivate" danger busy={end.busy} error={end.error} fields={[]} onClose={() => setOpen(null)} onSubmit={() => void end.run()}>
          <p>For ever. What it has ordered stays valid, but cannot be revoked by it any more.</p>
        </FormDialog>
      )}
    </>
  );
}

/** The first try without a yes brings the CA's terms; they are read, and then agreed to. */
function Register({ issuer, onClose, done }: { issuer: IssuerSettings; onClose: () => void; done: () => Promise<void> }) {
  const known = knownCas.find((k) => k.url === issuer.directory_url);
  const [meta, setMeta] = useState(issuer.directory ?? null);
  const [agree, setAgree] = useState(false);
  const [kid, setKid] = useState('');
  const [mac, setMac] = useState('');
  const terms = meta?.terms_of_service ?? '';
  const binding = meta?.external_account_required ?? Boolean(known?.eab);
  const go = useAction(async () => {
    try {
      await api.registerIssuer(issuer.name, { agree_terms: agree, ...(kid.trim() ? { eab: { kid: kid.trim(), hmac_key: mac.trim() } } : {}) });
    } catch (e) {
      if (e instanceof ApiError && e.directory) setMeta(e.directory);
      if (e instanceof ApiError && e.id === 'upstream.terms' && !terms) return;
      throw e;
    }
    setMac('');
    await done();
  });
  return (
    <FormDialog title={`Register at ${issuer.title}`} doIt={terms || !meta ? (meta ? 'Register' : 'Ask the CA') : 'Register'} busy={go.busy} error={go.error} fields={['eab']} onClose={onClose} onSubmit={() => void go.run()}>
      {!meta && <p>The CA is asked for its terms first.</p>}
      {terms && <>
        <p>{issuer.title} has terms of service: {/^https?:\/\//.test(terms) ? <a href={terms} target="_blank" rel="noopener noreferrer" class="break">{terms}</a> : <span class="break">{terms}</span>}</p>
        <Check name="agree" label="I have read them, and agree to them for the operator" checked={agree} onValue={setAgree} />
      </>}
      {binding && <>
        <p>It takes only accounts that are bound to one you have with it{known?.eab ? `: get a key there (${known.eab})` : ''}.</p>
        <div class="two">
          <Input name="eab" label="Key id" autocomplete="off" value={kid} onValue={setKid} error={fieldError(go.error, 'eab')} />
          <Input name="hmac" type="password" label="MAC key" autocomplete="off" help="It is not kept" value={mac} onValue={setMac} />
        </div>
      </>}
    </FormDialog>
  );
}

export function Statement({ issuer, done }: { issuer: IssuerSettings; done: () => Promise<void> }) {
  const [open, setOpen] = useState(false);
  const [author, setAuthor] = useState('');
  const act = async (proof: object) => {
    if (issuer.autocsr) await api.withdrawStatement(issuer.name, proof); else await api.makeStatement(issuer.name, { author: author.trim(), ...proof });
    await done();
    setOpen(false);
  };
  return (
    <>
      <h3>Keys that the service makes</h3>
      <p>{issuer.autocsr ? 'The operator has stated that it is neither this CA nor its affiliate, so keys are made for it.'
        : 'None: browsers trust this CA, and the operator has not stated that it is neither the CA nor its affiliate (BR 6.1.1.3).'}</p>
      <div class="form-end"><Button kind="secondary" onClick={() => setOpen(true)}>{issuer.autocsr ? 'Withdraw the statement' : 'State it'}</Button></div>
      {open && (
        <ProofDialog title={issuer.autocsr ? 'Withdraw the statement?' : 'State it'} doIt={issuer.autocsr ? 'Withdraw' : 'State it'} danger={issuer.autocsr} act={act} onClose={() => setOpen(false)}>
          {issuer.autocsr ? <p>The service then makes no keys for {issuer.title} any more.</p> : <>
            <p>The operator of this service is neither the CA of this issuer nor an affiliate of it. Author and time go into the audit log and on every receipt.</p>
            <Input name="author" label="Who states it?" help="A person or a body that can be held to it" value={author} onValue={setAuthor} />
          </>}
        </ProofDialog>
      )}
    </>
  );
}
