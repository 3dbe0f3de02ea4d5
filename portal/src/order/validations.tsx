// Proof of control: for each name the exact file or DNS record to publish, and what the last check found.
import { useState } from 'preact/hooks';
import { api, type Method, type Order, type Validation } from '../api';
import { errorText } from '../lib/text';
import { Alert, Badge, Button, Card, Code, Time } from '../ui/basic';
import { Choice, Problem } from '../ui/form';
import { useAction } from '../ui/hooks';
import type { PanelProps } from './page';

const isOpen = (v: Validation) => v.state === 'pending' || v.state === 'failed';

export function Validations({ order, set, writable }: PanelProps) {
  const place = (v: Validation) => order.names.indexOf(v.name);
  const all = [...(order.validations ?? [])].sort((a, b) => place(a) - place(b));
  const open = order.state === 'validating' ? all.filter(isOpen) : [];
  const done = all.filter((v) => !open.includes(v));
  if (!all.length) return null;
  return (
    <>
      {open.map((v) => <Task key={v.name} v={v} order={order} set={set} writable={writable} />)}
      {done.length > 0 && (
        <Card title={open.length ? 'Names already checked' : 'Domain check'} id="names-done">
          <ul class="bare lines">
            {done.map((v) => <li key={v.name}><Badge state={v.state} /> <span class="break">{v.name}</span>
              {v.state === 'preauthorised' && <small class="muted"> approved in advance</small>}{v.state === 'valid' && v.checked_at && <small class="muted"> <Time at={v.checked_at} /></small>}
              {v.state === 'failed' && <small class="muted"> {errorText(v.error)}</small>}</li>)}
          </ul>
        </Card>
      )}
    </>
  );
}

function Task({ v, order, set, writable }: { v: Validation; order: Order; set: (o: Order) => void; writable: boolean }) {
  const [method, setMethod] = useState<Method>(v.method);
  const check = useAction(async () => set(await api.validate(order.id, v.name, method)));
  const problem = errorText(v.error);
  const choices = [
    { value: 'http', title: 'A file on the web server', disabled: v.wildcard || !v.http },
    { value: 'dns', title: 'A DNS record', disabled: !v.dns },
  ];
  return (
    <Card title={`Show that ${v.name} is yours`} id={`task-${v.name}`}>
      {v.wildcard && <p>A wildcard can only be shown by a DNS record.</p>}
      {!v.wildcard && v.http && v.dns && <Choice name={`method-${v.name}`} legend="How?" look="inline" value={method} onValue={(m) => setMethod(m as Method)} options={choices} />}
      {method === 'http' && v.http ? <HttpTask http={v.http} /> : v.dns && <DnsTask dns={v.dns} />}
      {problem && <Alert tone={v.state === 'failed' ? 'bad' : 'warn'}><p>{problem}</p><p class="muted">Last look: <Time at={v.checked_at} />.</p></Alert>}
      {!problem && v.checked_at && <p class="muted">Last look: <Time at={v.checked_at} />.</p>}
      {check.error && <Problem error={check.error} />}
      <div class="form-end">
        {writable && <Button busy={check.busy} onClick={() => void check.run()}>Check now</Button>}
        <span class="muted"><NextLook at={v.next_check_at} /></span>
      </div>
    </Card>
  );
}

function NextLook({ at }: { at: string | null }) {
  if (!at) return null;
  return Date.parse(at) > Date.now() + 5000 ? <>We look again by ourselves <Time at={at} />.</> : <>We are about to look.</>;
}

function HttpTask({ http }: { http: NonNullable<Validation['http']> }) {
  return (
    <ol class="plain-steps">
      <li><p class="label">Make a file with exactly this content</p><Code text={http.content} what="content of the file" /></li>
      <li><p class="label">Put it on the web server under this path</p><Code text={http.path} what="path of the file" /></li>
      <li><p class="label">It must then be found at this address, without a password</p><Code text={http.url} what="address of the file" /></li>
    </ol>
  );
}

function DnsTask({ dns }: { dns: NonNullable<Validation['dns']> }) {
  return (
    <ol class="plain-steps">
      <li><p class="label">Add a record of type {dns.type} with this name</p><Code text={dns.record} what="name of the record" /></li>
      <li><p class="label">and exactly this value</p><Code text={dns.value} what="value of the record" /></li>
      <li><p>Some providers want only the part of the name before your domain. A new record can take some minutes until everybody sees it.</p></li>
    </ol>
  );
}
