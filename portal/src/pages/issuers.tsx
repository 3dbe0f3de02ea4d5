// Issuers, for the operator: our own CA and other people's, by ACME or on paper.
import { useState } from 'preact/hooks';
import { api, type IssuerSettings } from '../api';
import { knownCas } from '../lib/known-cas';
import { sentence } from '../lib/text';
import { Alert, Badge, Button, Card, Fact, Loading, Page, Time } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Check, Choice, Field, fieldError, Input, Problem, Select } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';
import { useProof } from '../ui/second';
import { ImportCard } from './import-certificate';
import { Account, Statement } from './issuer-account';

type Edit = { old: IssuerSettings | null };

export function IssuersPage() {
  const list = useLoad(() => api.issuers(), []);
  const [edit, setEdit] = useDialog<Edit>();
  const [gone, setGone] = useDialog<IssuerSettings>();
  const reload = list.reload;
  const offline = list.data?.some((i) => i.kind === 'offline');
  return (
    <Page title="Issuers" lead="Where certificates come from: this service's own CA, and those of others." actions={<Button onClick={() => setEdit({ old: null })}>Add an issuer</Button>}>
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="issuers" />}
      {list.data?.map((i) => <IssuerCard key={i.name} issuer={i} change={() => setEdit({ old: i })} remove={() => setGone(i)} done={reload} />)}
      {offline && <ImportCard />}
      {edit && <IssuerDialog old={edit.old} onClose={() => setEdit(null)} done={async () => { await reload(); setEdit(null); }} />}
      {gone && <Remove issuer={gone} onClose={() => setGone(null)} done={async () => { await reload(); setGone(null); }} />}
    </Page>
  );
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const kinds = { private: "this service's own CA", acme: 'another CA, by ACME', offline: 'a CA on paper: CSRs are brought to it, certificates imported' };

function IssuerCard({ issuer: i, change, remove, done }: { issuer: IssuerSettings; change: () => void; remove: () => void; done: () => Promise<void> }) {
  const ours = i.kind === 'private';
  return (
    <Card title={i.title} id={`issuer-${i.name}`}>
      {i.paused && <Alert tone="warn"><p>{sentence(i.paused.reason)}</p><p class="muted">Nothing is sent there until <Time at={i.paused.until} />.</p></Alert>}
      <dl class="facts">
        <Fact name="Name"><code>{i.name}</code> {!i.active && <Badge state="switched off" />}</Fact>
        <Fact name="Kind">{kinds[i.kind]}</Fact>
        <Fact name="Trusted by browsers">{i.public ? 'yes' : 'no'}</Fact>
        {i.directory_url && <Fact name="Directory"><span class="break">{i.directory_url}</span></Fact>}
        {i.uses && <Fact name="Used by">{count(i.uses.products, 'product')}, {count(i.uses.orders, 'order')} under way</Fact>}
        {i.profile && <Fact name="Profile">{i.profile}</Fact>}
        {i.kind === 'offline' && <Fact name="Names">{i.validation === 'ca' ? 'checked by the CA alone' : 'checked here first'}</Fact>}
      </dl>
      {i.kind === 'acme' && <Account issuer={i} done={done} />}
      {i.public && <Statement issuer={i} done={done} />}
      {!ours && <div class="form-end"><Button kind="secondary" onClick={change}>Change</Button><Button kind="quiet" onClick={remove}>Remove</Button></div>}
    </Card>
  );
}

const automations: [string, string][] = [['', 'Nobody: customers do'], ['dns-update', 'DNS updates (RFC 2136)'], ['hook', "The operator's hook"], ['responder', 'Our web server, by http-01'], ['directory', 'Files in a directory']];
const further = ['contacts', 'profile', 'preferred_chain', 'challenges', 'automation', 'key_types', 'orders_per_hour', 'roots'];
const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

function IssuerDialog({ old, onClose, done }: { old: IssuerSettings | null; onClose: () => void; done: () => Promise<void> }) {
  const [ca, setCa] = useState('letsencrypt');
  const [more, setMore] = useState(false);
  const first = knownCas[0];
  const [v, setV] = useState({
    kind: old?.kind ?? 'acme', name: old?.name ?? first?.name ?? '', title: old?.title ?? first?.title ?? '', directory_url: old?.directory_url ?? first?.url ?? '',
    public: old?.public ?? true, active: old?.active ?? true, contacts: (old?.contacts ?? []).map((c) => c.replace('mailto:', '')).join(' '), profile: old?.profile ?? '',
    preferred_chain: old?.preferred_chain ?? '', key_types: (old?.key_types ?? []).join(' '), challenges: (old?.challenges ?? []).join(' '), automation: old?.automation ?? '',
    orders_per_hour: String(old?.orders_per_hour ?? 0), roots: old?.roots ?? '', validation: old?.validation ?? 'service',
  });
  const set = (part: Partial<typeof v>) => setV({ ...v, ...part });
  const choose = (name: string) => {
    const known = knownCas.find((k) => k.name === name);
    setCa(name);
    set(known ? { kind: 'acme', name: known.name, title: known.title, directory_url: known.url, public: known.public }
      : { kind: name === 'offline' ? 'offline' : 'acme', name: '', title: '', directory_url: '', public: true });
  };
  const acme = v.kind === 'acme';
  const save = useProof(async (proof) => {
    const common = { title: v.title, public: v.public, active: v.active, key_types: words(v.key_types), orders_per_hour: Number(v.orders_per_hour), roots: v.roots };
    const body = acme ? { ...common, directory_url: v.directory_url.trim(), contacts: words(v.contacts), profile: v.profile.trim(), preferred_chain: v.preferred_chain, challenges: words(v.challenges), automation: v.automation }
      : { ...common, validation: v.validation };
    if (old) await api.changeIssuer(old.name, { ...body, ...proof }); else await api.newIssuer({ ...body, name: v.name.trim(), kind: v.kind });
    await done();
  });
  const err = (name: string) => fieldError(save.error, name);
  const profiles = Object.keys(old?.directory?.profiles ?? {});
  return (
    <FormDialog title={old ? `Change ${old.title}` : 'Add an issuer'} doIt="Save" busy={save.busy} error={save.error} onClose={onClose} onSubmit={save.submit}
      fields={[...save.names, 'name', 'title', 'directory_url', 'contacts', 'profile', 'preferred_chain', 'key_types', 'challenges', 'automation', 'orders_per_hour', 'roots']}>
      {!old && <Select name="ca" label="Which CA?" value={ca} onValue={choose} options={[...knownCas.map((k): [string, string] => [k.name, k.title]), ['other', 'Another CA with ACME'], ['offline', 'A CA without ACME: web form or paper']]} />}
      <div class="two">
        {!old && <Input name="name" label="Short name" help="Small letters, digits, hyphens" value={v.name} onValue={(name) => set({ name })} error={err('name')} />}
        <Input name="title" label="Title" help="What customers see" value={v.title} onValue={(title) => set({ title })} error={err('title')} />
      </div>
      {acme && <Input name="directory_url" label="Address of its ACME directory" value={v.directory_url} onValue={(directory_url) => set({ directory_url })} error={err('directory_url')} />}
      {!acme && <Choice name="validation" legend="Who checks the names?" value={v.validation} onValue={(validation) => set({ validation: validation as 'service' | 'ca' })}
        options={[{ value: 'service', title: 'We do, then the order waits for the certificate' }, { value: 'ca', title: 'The CA does that alone' }]} />}
      <Check name="public" label="Browsers trust it (then keys are made for it only with your statement)" checked={v.public} onValue={(on) => set({ public: on })} />
      <Check name="active" label="Orders go there" checked={v.active} onValue={(active) => set({ active })} />
      <details open={more || further.includes(save.error?.field.split('[')[0] ?? '')} onToggle={(e) => setMore(e.currentTarget.open)}>
        <summary>More settings</summary>
        <div class="two">
          {acme && <Input name="contacts" label="E-mail addresses for the CA" help="Separated by spaces" value={v.contacts} onValue={(contacts) => set({ contacts })} error={err('contacts')} />}
          {acme && <Input name="profile" label="Profile" help={profiles.length ? `It offers ${profiles.join(', ')}` : 'Empty: the CA decides'} value={v.profile} onValue={(profile) => set({ profile })} error={err('profile')} />}
          {acme && <Input name="preferred_chain" label="Preferred chain" help="Its root's name, exactly; empty: the CA decides" value={v.preferred_chain} onValue={(preferred_chain) => set({ preferred_chain })} error={err('preferred_chain')} />}
          {acme && <Input name="challenges" label="Challenges" help="Such as dns-01 http-01, preferred first; empty: any" value={v.challenges} onValue={(challenges) => set({ challenges })} error={err('challenges')} />}
          {acme && <Select name="automation" label="Who publishes proofs?" value={v.automation} onValue={(automation) => set({ automation })} options={automations} error={err('automation')} />}
          <Input name="key_types" label="Key types" help="Such as ec:p256 rsa:2048; empty: those of the product" value={v.key_types} onValue={(key_types) => set({ key_types })} error={err('key_types')} />
          <Input name="orders_per_hour" type="number" min={0} label="Orders an hour at most" help="0: no limit of ours" value={v.orders_per_hour} onValue={(orders_per_hour) => set({ orders_per_hour })} error={err('orders_per_hour')} />
        </div>
        <Field name="roots" label={acme ? 'Roots of its web server (PEM)' : 'Certificates that its own must lead to (PEM)'} help={acme ? "Empty: the system's" : 'Empty: whatever comes with them'} error={err('roots')}>
          {(p) => <textarea {...p} rows={4} class="mono" spellcheck={false} autocomplete="off" value={v.roots} onInput={(e) => set({ roots: e.currentTarget.value })} />}
        </Field>
      </details>
      {save.asks && <p role="status">Browsers trust this CA as it is set now. What it is, where it is and its roots decide whether keys may be made for it, so we ask again who you are.</p>}
      {save.fields}
    </FormDialog>
  );
}

function Remove({ issuer, onClose, done }: { issuer: IssuerSettings; onClose: () => void; done: () => Promise<void> }) {
  const remove = useAction(async () => { await api.removeIssuer(issuer.name); await done(); });
  return (
    <FormDialog title={`Remove ${issuer.title}?`} doIt="Remove" danger busy={remove.busy} error={remove.error} fields={[]} onClose={onClose} onSubmit={() => void remove.run()}>
      <p>Products and orders under way must not use it any more.</p>
    </FormDialog>
  );
}
