// Browsers that the user has logged in with: strangers' wrong passwords do not slow a login from there.
import { api, type Device } from '../api';
import { Button, Card, Loading, Time } from '../ui/basic';
import { Problem } from '../ui/form';
import { browserName } from '../lib/text';
import { useAction, useLoad } from '../ui/hooks';

export function DevicesCard() {
  const list = useLoad(() => api.devices(), []);
  const forget = useAction(async (d: Device) => { await api.forgetDevice(d.id); await list.reload(); });
  return (
    <Card title="Browsers you have logged in with">
      <p>When strangers try wrong passwords with your address, logins slow down for everybody but these. Being on this list opens nothing by itself.</p>
      {list.error && <Problem error={list.error} />}
      {forget.error && <Problem error={forget.error} />}
      {!list.data && list.loading && <Loading what="the list" />}
      {list.data && list.data.length > 0 && (
        <table class="stack">
          <thead><tr><th scope="col">Browser</th><th scope="col">First login</th><th scope="col">Last login</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
          <tbody>{list.data.map((d) => (
            <tr key={d.id}>
              <th scope="row" data-label="Browser"><span title={d.name}>{browserName(d.name) || 'unnamed'}</span>{d.current && <small class="muted"> this one</small>}</th>
              <td data-label="First login"><Time at={d.created_at} /></td>
              <td data-label="Last login"><Time at={d.used_at} /></td>
              <td class="row-actions"><Button kind="quiet" busy={forget.busy} onClick={() => void forget.run(d)}>Forget</Button></td>
            </tr>))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
