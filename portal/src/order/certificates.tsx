// The certificates of an order and the files to download.
import { useState } from 'preact/hooks';
import { api, type Certificate, type Order } from '../api';
import { sentence } from '../lib/text';
import { saveFile } from '../lib/save';
import { Badge, Button, Card, Day, Fact } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction } from '../ui/hooks';
import type { PanelProps } from './page';

const formats: { id: string; title: string; ending: string; note: string }[] = [
  { id: 'fullchain', title: 'Full chain', ending: 'fullchain.pem', note: 'certificate and chain in one file: nginx, Apache, HAProxy' },
  { id: 'leaf', title: 'Certificate', ending: 'pem', note: 'the certificate alone, PEM' },
  { id: 'chain', title: 'Chain', ending: 'chain.pem', note: 'the CA certificates between it and the root' },
  { id: 'der', title: 'DER', ending: 'cer', note: 'the certificate alone, binary: Windows, Java' },
  { id: 'p7b', title: 'PKCS#7', ending: 'p7b', note: 'certificate and chain: Windows, Tomcat' },
];

export function Certificates({ order, files }: PanelProps) {
  const list = [...order.certificates].sort((a, b) => (a.not_before < b.not_before ? 1 : -1));
  const [serial, setSerial] = useState('');
  const current = list.find((c) => c.serial === serial) ?? list.find((c) => c.state === 'valid') ?? list[0]!;
  return (
    <Card title={list.length > 1 ? 'Certificates' : 'Certificate'} id="certificates">
      {list.length > 1 && (
        <label>Certificate
          <select value={current.serial} onChange={(e) => setSerial(e.currentTarget.value)}>
            {list.map((c) => <option key={c.serial} value={c.serial} selected={c === current}>{c.serial.slice(0, 16)}… ({c.state})</option>)}
          </select>
        </label>
      )}
      <CertificateFacts cert={current} />
      <Downloads order={order} cert={current} base={files.base} />
    </Card>
  );
}

function CertificateFacts({ cert }: { cert: Certificate }) {
  return (
    <dl class="facts">
      <Fact name="State"><Badge state={cert.state} /></Fact>
      <Fact name="Valid from"><Day at={cert.not_before} /></Fact>
      <Fact name="Valid until"><Day at={cert.not_after} /></Fact>
      {cert.revoked_at && <Fact name="Revoked"><Day at={cert.revoked_at} />{cert.reason && <>, {sentence(cert.reason)}</>}</Fact>}
      <Fact name="Serial number"><code class="break">{cert.serial}</code></Fact>
    </dl>
  );
}

function Downloads({ order, cert, base }: { order: Order; cert: Certificate; base: string }) {
  return <ul class="downloads">{formats.map((f, i) => <Download key={f.id} order={order} cert={cert} base={base} format={f} first={i === 0} />)}</ul>;
}

/** Each is busy by itself: nobody waits for one file before asking for the next. */
function Download({ order, cert, base, format: f, first }: { order: Order; cert: Certificate; base: string; format: (typeof formats)[number]; first: boolean }) {
  const get = useAction(async () => saveFile(`${base}.${f.ending}`, await api.certificate(order.id, f.id, cert.serial)));
  return (
    <li>
      <Button kind={first ? undefined : 'secondary'} busy={get.busy} onClick={() => void get.run()}>{f.title}</Button>
      <div><strong class="break">{base}.{f.ending}</strong><small class="muted">{f.note}</small>{get.error && <Problem error={get.error} />}</div>
    </li>
  );
}
