// The verdicts of POST /csr/check, worst first, and what the CSR contains.
import type { CsrCheck, CsrExtension, CsrView } from '../api';
import { keyWord, sentence } from '../lib/text';
import { Alert, Fact } from './basic';

const order = { fail: 0, warn: 1, info: 2, pass: 3 };
const words = { fail: 'Refused', warn: 'Note', info: 'To know', pass: 'Good' };

export function CsrVerdict({ check, detailed }: { check: CsrCheck; detailed?: boolean }) {
  const lines = [...check.checks].sort((a, b) => order[a.result] - order[b.result]);
  const shown = detailed ? lines : lines.filter((l) => l.result === 'fail' || l.result === 'warn');
  const bad = lines.filter((l) => l.result === 'fail').length;
  return (
    <>
      <Alert tone={check.ok ? 'ok' : 'bad'}>
        <p>{check.ok ? 'This CSR can be used.' : `This CSR cannot be used: ${bad} ${bad === 1 ? 'rule is' : 'rules are'} not met.`}</p>
      </Alert>
      {shown.length > 0 && (
        <ul class="verdicts">
          {shown.map((l) => (
            <li key={l.id} class={l.result}>
              <span class="mark">{words[l.result]}</span>
              <span>{sentence(l.text)}{l.source && <small class="muted"> {l.source}</small>}</span>
            </li>
          ))}
        </ul>
      )}
      {check.csr && <CsrFacts csr={check.csr} detailed={detailed} />}
    </>
  );
}

const flat = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flat).join(', ');
  if (value && typeof value === 'object') return Object.entries(value).map(([k, v]) => `${k} = ${flat(v)}`).join(', ');
  return String(value);
};

const extension = (x: CsrExtension): string => `${x.name || x.oid}${x.values.length ? ` (${x.values.join(', ')})` : ''}`;

function CsrFacts({ csr, detailed }: { csr: CsrView; detailed?: boolean }) {
  const subject = Object.entries(csr.subject ?? {});
  return (
    <dl class="facts">
      <Fact name="Names">{csr.sans?.length ? csr.sans.map((s) => s.replace(/^(DNS|IP):/, '')).join(', ') : 'none'}</Fact>
      <Fact name="Subject">{subject.length ? subject.map(([k, v]) => `${k} = ${flat(v)}`).join(', ') : 'empty'}</Fact>
      <Fact name="Key">{keyWord(csr.key_type)}</Fact>
      {detailed && <>
        <Fact name="Signature">{csr.signature_algorithm}</Fact>
        {csr.extensions?.length > 0 && <Fact name="Extensions asked for">{csr.extensions.map(extension).join('; ')}</Fact>}
        <Fact name="Key fingerprint (SPKI SHA-256)"><code>{csr.spki_sha256}</code></Fact>
        <Fact name="CSR fingerprint (SHA-256)"><code>{csr.sha256}</code></Fact>
      </>}
    </dl>
  );
}
