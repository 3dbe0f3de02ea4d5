// Users of the account: invite, change roles, disable, remove. The operator sees those of every account.
import { useState } from 'preact/hooks';
import { api, type Proof, type Role, type User } from '../api';
import { canManage, useUser } from '../session';
import { Alert, Button, Card, Loading, Page, Time } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { fieldError, Form, Input, Problem, Select } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';
import { ProofDialog } from '../ui/second';

const roles: [Role, string][] = [['owner', 'Owner: users, organisations, tokens, orders'], ['member', 'Member: orders'], ['auditor', 'Auditor: reads only']];

type Change = { role?: Role; disabled?: boolean };
const high = (role: Role) => role === 'owner' || role === 'admin';

export function UsersPage({ all }: { all?: boolean }) {
  const me = useUser();
  const list = useLoad(() => api.users(all), [all]);
  const [gone, setGone] = useDialog<User>();
  const [lost, setLost] = useDialog<User>();
  const [raise, setRaise] = useDialog<[User, Change]>();
  const [acting, setActing] = useState('');
  const change = useAction(async (user: User, what: Change) => {
    setActing(user.id);
    if (high(what.role ?? user.role) && what.disabled !== true) { setRaise([user, what]); return; }
    await api.changeUser(user.id, what);
    await list.reload();
  });
  return (
    <Page title="Users" lead={all ? 'The users of every account.' : 'Everybody here sees the orders of this account.'}>
      {list.error && <Problem error={list.error} />}
      {change.error && <Problem error={change.error} />}
      {!list.data && list.loading && <Loading what="users" />}
      {list.data && (
        <table class="stack">
          <thead><tr><th scope="col">User</th>{all && <th scope="col">Account</th>}<th scope="col">Role</th><th scope="col">Second factor</th><th scope="col">Last login</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
          <tbody>
            {list.data.map((u) => (
              <tr key={u.id}>
                <th scope="row" data-label="User">{u.email}{u.disabled && <span class="muted"> (disabled)</span>}</th>
                {all && <td data-label="Account">{u.account_name}</td>}
                <td data-label="Role">{canManage(me) && u.id !== me.id && u.role !== 'admin' ? (
                  <select aria-label={`Role of ${u.email}`} value={u.role} disabled={change.busy} onChange={(e) => void change.run(u, { role: e.currentTarget.value as Role })}>
                    {roles.map(([r]) => <option key={r} value={r} selected={r === u.role}>{r}</option>)}
                  </select>) : u.role}</td>
                <td data-label="Second factor">{u.totp || u.passkeys > 0 ? 'on' : 'off'}</td>
                <td data-label="Last login"><Time at={u.last_login_at} /></td>
                <td class="row-actions">{canManage(me) && u.id !== me.id && <>
                  <Button kind="quiet" busy={change.busy && acting === u.id} disabled={change.busy && acting !== u.id} onClick={() => void change.run(u, { disabled: !u.disabled })}>{u.disabled ? 'Enable' : 'Disable'}</Button>
                  {(u.totp || u.passkeys > 0) && <Button kind="quiet" onClick={() => setLost(u)}>Lost second factor</Button>}
                  <Button kind="quiet" onClick={() => setGone(u)}>Remove</Button></>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {canManage(me) && !all && <Invite done={list.reload} />}
      {lost && (
        <ProofDialog title="Remove the second factor?" doIt="Remove it" danger onClose={() => setLost(null)} act={async (proof) => { await api.removeSecondFactor(lost.id, proof); await list.reload(); setLost(null); }}>
          <p>For somebody who has lost phone, passkeys and recovery codes. Make sure that it is really {lost.email} who asks, by a call for instance: afterwards the password alone logs in, until they set up a new one.</p>
        </ProofDialog>
      )}
      {raise && (
        <ProofDialog title={`Make ${raise[0].email} an owner?`} doIt="Yes" onClose={() => { setRaise(null); void list.reload(); }} act={async (proof) => { await api.changeUser(raise[0].id, { ...raise[1], ...proof }); await list.reload(); setRaise(null); }}>
          <p>Owners see unlock codes, invite others and manage this account.</p>
        </ProofDialog>
      )}
      {gone && <Remove user={gone} onClose={() => setGone(null)} done={list.reload} />}
    </Page>
  );
}

function Invite({ done }: { done: () => Promise<void> }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [invited, setInvited] = useState('');
  const [asks, setAsks] = useState(false);
  const send = async (proof: Proof) => { const user = await api.invite(email.trim(), role, proof); setInvited(user.email); setEmail(''); setAsks(false); await done(); };
  const invite = useAction(async () => { setInvited(''); if (high(role)) setAsks(true); else await send({}); });
  return (
    <Card title="Invite a colleague">
      <Form error={invite.error} fields={['email', 'role']} onSubmit={() => void invite.run()}>
        <div class="two">
          <Input name="email" type="email" label="E-mail address" autocomplete="off" value={email} onValue={setEmail} error={fieldError(invite.error, 'email')} />
          <Select name="role" label="Role" value={role} onValue={(v) => setRole(v as Role)} options={roles} error={fieldError(invite.error, 'role')} />
        </div>
        <div class="form-end"><Button type="submit" busy={invite.busy} disabled={!email.trim()}>Invite</Button></div>
      </Form>
      {asks && (
        <ProofDialog title="Invite an owner?" doIt="Invite" onClose={() => setAsks(false)} act={send}>
          <p>{email.trim()} will see unlock codes, invite others and manage this account.</p>
        </ProofDialog>
      )}
      {invited && <Alert tone="ok"><p>{invited} is invited. The mail's link works once, for 7 days.</p></Alert>}
    </Card>
  );
}

function Remove({ user, onClose, done }: { user: User; onClose: () => void; done: () => Promise<void> }) {
  const remove = useAction(async () => { await api.removeUser(user.id); await done(); onClose(); });
  return (
    <FormDialog title="Remove this user?" doIt="Remove" danger busy={remove.busy} error={remove.error} fields={[]} onClose={onClose} onSubmit={() => void remove.run()}>
      <p>{user.email} will not be able to log in any more. Orders stay with the account.</p>
    </FormDialog>
  );
}
