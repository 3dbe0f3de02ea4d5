// The receipt: what the service states about this key, signed. To read or print, and as the file that anybody can check.
import { api, type Order } from '../api';
import { saveFile } from '../lib/save';
import { Button, Card, Code, Time } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction } from '../ui/hooks';
import type { PanelProps } from './page';

const parts: Record<string, string> = { 'hand-over': 'signed at the hand-over', final: 'signed when the unlock code was gone' };

function stateSentence(order: Order): string {
  switch (order.receipt?.state) {
    case 'pending': return 'It is being signed.';
    case 'hand-over': return order.code?.state === 'destroyed' ? 'Signed at the hand-over. The unlock code is destroyed now: a final one is being signed.' : 'Signed at the hand-over. A final one follows when the unlock code is destroyed.';
    default: return 'This is the final one: nothing that opens the key is left here.';
  }
}

export function ReceiptPanel({ order, files }: PanelProps) {
  const receipt = order.receipt;
  const get = useAction(async (url: string, part: string) => saveFile(fileName(files.base, part), await api.receipt(url)));
  if (!receipt) return null;
  const older = (order.receipts ?? []).filter((r) => !(receipt.url ?? '').includes(r.request_id));
  return (
    <Card title="Receipt" id="receipt">
      <p>What the service states about your key, signed: who ordered it, {order.key_source === 'browser' ? 'that your browser made it, and when the CSR came' : 'when it was made, handed over and destroyed, and in what sandbox'}. {stateSentence(order)}</p>
      {get.error && <Problem error={get.error} />}
      {receipt.url && <>
        <div class="form-end">
          <Button kind="secondary" busy={get.busy} onClick={() => void get.run(receipt.url!, '')}>Download the receipt</Button>
          <a href={`${receipt.url}&format=html&inline=1`} target="_blank" rel="noopener">Read or print it</a>
        </div>
        <details>
          <summary>How to check it</summary>
          <p>Anybody can, without asking us again, with <a href="/api/v1/receipt-key?format=pem" download="receipt-key.pem">the key that signs receipts</a> (better from somewhere else than from us):</p>
          <Code text={`autocsr receipt verify ${fileName(files.base, '')} --key receipt-key.pem`} what="command that checks the receipt" />
        </details>
      </>}
      {older.length > 0 && (
        <details>
          <summary>Receipts of earlier keys</summary>
          <ul class="bare lines">{older.map((r) => <li key={r.url}><button type="button" class="link" onClick={() => void get.run(r.url, `-${r.request_id}-${r.part}`)}>{parts[r.part] ?? r.part}</button> <small class="muted"><Time at={r.at} /></small></li>)}</ul>
        </details>
      )}
    </Card>
  );
}

const fileName = (base: string, part: string) => `${base}.receipt${part}.json`;
