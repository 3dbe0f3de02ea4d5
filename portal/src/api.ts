// The REST API of docs/API.md, typed: every call the portal makes stands here and nowhere else.
// The CSRF token lives in this module's memory only; the session itself is a cookie that scripts cannot read.

import type { CreationOptions, PasskeyAnswer, RequestOptions } from './lib/webauthn';

export type Role = 'admin' | 'owner' | 'member' | 'auditor';
export interface User {
  id: string; email: string; role: Role; account_id: string; account_name: string; totp: boolean; passkeys: number; disabled: boolean;
  created_at: string; last_login_at: string | null;
}
/** How somebody wants the key: what a form sends, and what the service remembers of the last one. */
export interface HandOver { grade: 'browser' | 'sealed' | 'code'; format?: string | null; recipient?: string | null }
export interface Session { user: User; csrf_token: string; created_at: string; authenticated_at: string; expires_at: string; hand_over?: HandOver | null }
export interface Account { id: string; name: string; email: string; created_at: string; preauthorised: string[]; users: number; always_second: boolean }
/** A browser that the user has logged in with. */
export interface Device { id: string; name: string; created_at: string; used_at: string; current: boolean }
export interface Token {
  id: string; name: string; created_at: string; expires_at: string | null; last_used_at: string | null; read_only: boolean; token?: string;
}
export interface Passkey { id: string; name: string; created_at: string; last_used_at: string | null; recovery_codes?: string[] }
export interface Passkeys { passkeys: Passkey[]; possible: boolean; origin: string | null; rp_id: string | null; why: string | null; recovery_codes_left: number }
/** The second factor, and all that proves who one is. */
export interface Factor { totp?: string; passkey?: PasskeyAnswer }
export interface Proof extends Factor { password?: string }
export interface Totp { secret: string; otpauth_uri: string; qr_svg: string }

export type Level = 'dv' | 'ov' | 'ev';
export interface Product {
  id: string; title: string; level: Level; wildcard: boolean; max_names: number; key_types: string[]; default_key_type: string;
  validity_seconds: number; issuer: string; profile: string; autocsr: boolean; preauthorised: boolean; validity_text: string; active: boolean;
  code_window: number; code_reveals: number; fallback_issuer: string | null; fallback_after: number;
}
export interface OrganisationFields {
  name: string; street: string; locality: string; state: string; postal_code: string; country: string; registration_number: string;
  business_category: string; jurisdiction_country: string; jurisdiction_state: string; phone: string;
}
export interface Organisation extends OrganisationFields { id: string }

export type OrderState = 'new' | 'handover' | 'validating' | 'vetting' | 'issuing' | 'issued'
  | 'cancelled' | 'failed' | 'revoked' | 'expired' | 'replaced';
export type Method = 'http' | 'dns' | 'tls-alpn' | 'dns-account' | 'dns-persist';
/** One way to prove a name: what exactly to put where. */
export interface Way {
  method: Method; challenge: string | null; url?: string; path?: string; content?: string; record?: string; type?: string; value?: string; cname?: string;
  host?: string; protocol?: string; key_authorization?: string; extension?: string;
}
export interface Perspective { name: string; region?: string; ok: boolean; error_text?: string }
export interface Upstream {
  issuer: string; title: string; kind: 'acme' | 'offline'; step: string; url: string | null; since: string | null; told_at: string | null;
  held?: 'issuer-off' | 'terms' | null;
}
export interface Archive {
  state: 'making' | 'waiting' | 'fetched' | 'acknowledged' | 'mailing' | 'mailed' | 'lost';
  sha256: string | null; size: number | null; filename: string; key_filename: string; expires_at: string | null;
}
export interface CodeInfo {
  state: 'available' | 'expired' | 'destroyed'; expires_at: string | null; reveals: number; reveals_left?: number | null; destroyed_at?: string | null; reason?: string | null;
}
export interface ReceiptInfo { request_id: string; part: string; at: string; url: string }
export interface Validation {
  name: string; state: 'pending' | 'valid' | 'failed' | 'preauthorised' | 'by-ca'; method: Method; wildcard: boolean;
  http: { url: string; path: string; content: string } | null; dns: { record: string; type: string; value: string } | null;
  publish?: Way[]; seen?: { perspectives?: Perspective[] } | null; told_at?: string | null;
  error: unknown; checked_at: string | null; next_check_at: string | null; valid_until: string | null;
}
export interface Certificate {
  serial: string; state: string; not_before: string; not_after: string; spki_sha256: string; revoked_at: string | null; reason: string | null;
}
export interface OrderEvent { at: string; event: string; by: string | null; detail: string | null }
export interface Approval { round: number; decision: 'approve' | 'reject'; evidence: string; note: string; at: string; by: string }
export interface Vetting { needed: number; approvals: Approval[] }
export interface Order {
  id: string; state: OrderState; product: string; level: Level; names: string[]; names_unicode: string[];
  subject: Record<string, string>; organisation_id: string | null; key_source: string;
  hand_over?: { grade: HandOver['grade'] | 'own-csr'; format: string | null; recipient: string | null } | null; key_type: string; delivery: 'download' | 'email';
  spki_sha256: string | null; archive_url?: string | null; archive: Archive | null; code: CodeInfo | null; validations?: Validation[];
  issuer?: string | null; upstream?: Upstream | null; renew_from?: string | null; renew_until?: string | null;
  waiting: { reason: string; since: string; next_try_at: string | null } | null; next: string | null; vetting?: Vetting | null;
  receipt?: { state: 'pending' | 'hand-over' | 'final'; url: string | null } | null; receipts?: ReceiptInfo[];
  certificates: Certificate[]; events?: OrderEvent[]; created_at: string; updated_at: string;
}
export interface NewOrder {
  product: string; names?: string[]; csr?: string; key_type?: string; delivery?: 'download' | 'email';
  organisation_id?: string; subject?: Record<string, string>; validation?: Method; hand_over?: HandOver;
}
export interface RevealedCode { code: string; check: string; order_id: string; spki_sha256: string; archive_sha256: string; expires_at: string }
export interface CsrExtension { oid: string; name: string; critical: boolean; values: string[] }
export interface CsrView {
  subject: Record<string, string | string[]>; sans: string[]; key_type: string; spki_sha256: string; signature_algorithm: string;
  extensions: CsrExtension[]; attributes: string[]; sha256: string;
}
export interface CheckLine { id: string; result: 'pass' | 'info' | 'warn' | 'fail'; source: string; text: string }
export interface CsrCheck { ok: boolean; checks: CheckLine[]; csr: CsrView | null }
export interface Issuer { id: string; name: string; kind: string; certificate_pem: string; sha256: string; crl_url: string; not_after: string }
export interface IssuerMeta {
  terms_of_service: string | null; website: string | null; external_account_required: boolean; renewal_info: boolean; profiles: Record<string, string>; at: string | null;
}
/** One of ours (private), or another CA. */
export interface IssuerSettings {
  name: string; kind: 'private' | 'acme' | 'offline'; title: string; public: boolean; active: boolean; autocsr: boolean;
  directory_url?: string | null; roots?: string | null; contacts?: string[]; profile?: string | null; preferred_chain?: string | null; key_types?: string[]; challenges?: string[];
  automation?: string | null; validation?: 'service' | 'ca'; orders_per_hour?: number; directory?: IssuerMeta | null; uses?: { products: number; orders: number };
  account?: { url: string; status: string; thumbprint: string | null; terms_agreed: string | null; rolling: boolean } | null; paused?: { until: string; reason: string } | null;
}
export interface Imported {
  imported: { order_id: string; names: string; serial: string; warnings: string[] }[]; refused: { sha256: string; serial: string; name: string; error: string; detail: string }[];
}
export interface AcmeDirectory { name: string; title: string; url: string; products: string[]; challenges: string[]; eab: 'required' | 'optional' | 'off'; account_id: string | null; open: boolean; active: boolean }
export interface AcmeTerms { account: string; directory: string; title: string; terms: string; agreed: boolean }
export interface EabKey {
  kid: string; title: string; directory: string; state: string; names: string[]; max_accounts: number | null; accounts: number; created_at: string; expires_at: string | null; hmac_key?: string;
}
export interface AcmeAccount { id: string; directory: string; status: string; contacts: string[]; created_at: string; last_seen_at: string | null }
export interface AuditEntry { seq: number; at: string; actor: string; action: string; object: string; account_id: string; detail: string; hash: string }
export interface AuditVerdict { ok: boolean; entries: number; root: string; signed_entries: number; first_bad_seq: number | null; first_bad_checkpoint: number | null; why: string | null }
export interface Status {
  version: string; roles: { role: string; pid: number; restarts: number }[]; jobs: { due: number; waiting: number };
  orders: Record<string, number>; mail: { queued: number };
}
export interface OrderQuery { state?: string; product?: string; q?: string; sort?: string; cursor?: string; limit?: number; all?: string }

/** What went wrong, in the service's words (RFC 9457). `id` is `type` without its prefix. */
export class ApiError extends Error {
  constructor(readonly id: string, readonly status: number, readonly detail: string,
    readonly field = '', readonly retryAfter = 0,
    /** What will do as a second factor, and the question for the passkey: auth.totp, auth.second-factor. */
    readonly methods: string[] = [], readonly question: RequestOptions | null = null,
    /** What another CA says about itself: upstream.terms. */
    readonly directory: IssuerMeta | null = null) { super(detail); }
}
/** A problem that this page found by itself, in the same shape, so that forms show it in the same place. */
export const localProblem = (field: string, detail: string) => new ApiError('local', 0, detail, field);

const BASE = '/api/v1';
let csrf = '';
let lost: () => void = () => undefined;
/** `handler` runs when the service says that the session is over. */
export function onSessionLost(handler: () => void) { lost = handler; }

function problemOf(res: Response, text: string): ApiError {
  const wait = Number(res.headers.get('Retry-After')) || 0;
  let p: Record<string, unknown> = {};
  try { p = JSON.parse(text) as Record<string, unknown>; } catch { /* not a problem document: say so below */ }
  if (typeof p['detail'] !== 'string' && typeof p['title'] !== 'string')
    return new ApiError('unreadable', res.status, `The service answered with status ${res.status} and no explanation. Please try again.`, '', wait);
  const type = String(p['type'] ?? '').replace('urn:autocsr:error:', '');
  return new ApiError(type, res.status, String(p['detail'] ?? p['title']), String(p['field'] ?? ''), wait,
    (p['methods'] ?? []) as string[], (p['public_key'] ?? null) as RequestOptions | null, (p['directory'] ?? null) as IssuerMeta | null);
}

/** Refusals of what was typed; the session goes on. */
const stays = ['auth.wrong', 'auth.totp', 'auth.second-factor', 'auth.passkey', 'auth.slow'];

async function send(method: string, path: string, body?: unknown, extra: Record<string, string> = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json, */*;q=0.5', ...extra };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 60_000);
  let res: Response;
  try {
    res = await fetch(path.startsWith('/') ? path : `${BASE}/${path}`, { method, headers, signal: stop.signal,
      body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  } catch {
    throw new ApiError('network', 0, 'The service cannot be reached. Check your connection and try again.');
  } finally { clearTimeout(timer); }
  if (res.ok) return res;
  const problem = problemOf(res, await res.text().catch(() => ''));
  if (res.status === 401 && !stays.includes(problem.id) && csrf) { csrf = ''; lost(); }
  throw problem;
}

async function call<T>(method: string, path: string, body?: unknown, extra?: Record<string, string>): Promise<T> {
  const res = await send(method, path, body, extra);
  const text = await res.text();
  return (text ? JSON.parse(text) : {}) as T;
}
const get = <T>(path: string) => call<T>('GET', path);
const post = <T>(path: string, body: unknown = {}, extra?: Record<string, string>) => call<T>('POST', path, body, extra);
const enc = encodeURIComponent;
function query(values: object): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value) q.set(key, String(value));
  const tail = q.toString();
  return tail ? `?${tail}` : '';
}
function keep(session: Session): Session { csrf = session.csrf_token; return session; }

export const api = {
  register: (email: string, password: string, account_name: string) => post('register', { email, password, account_name }),
  confirm: (token: string) => post<{ email: string }>('register/confirm', { token }),
  login: async (email: string, password: string, factor: Factor = {}) => keep(await post<Session>('session', { email, password, ...factor })),
  passkeyQuestion: async () => (await post<{ public_key: RequestOptions }>('session/passkey/options')).public_key,
  passkeyLogin: async (response: PasskeyAnswer) => keep(await post<Session>('session/passkey', { response })),
  session: async () => keep(await get<Session>('session')),
  logout: async () => { await call('DELETE', 'session'); csrf = ''; },
  resetRequest: (email: string) => post('password/reset', { email }),
  resetConfirm: (token: string, password: string) => post('password/reset/confirm', { token, password }),
  password: (current: string, next: string, factor: Factor) => post('password', { current, new: next, ...factor }),
  accept: (token: string, password: string) => post<{ email: string }>('users/accept', { token, password }),

  account: () => get<Account>('account'),
  renameAccount: (name: string) => call<Account>('PATCH', 'account', { name }),
  alwaysSecond: (always_second: boolean, proof: Proof) => call<Account>('PATCH', 'account', { always_second, ...proof }),
  devices: async () => (await get<{ devices: Device[] }>('devices')).devices,
  forgetDevice: (id: string) => call('DELETE', `devices/${enc(id)}`),
  users: async (all = false) => (await get<{ users: User[] }>(`users${query({ all: all ? '1' : '' })}`)).users,
  invite: (email: string, role: Role, proof: Proof = {}) => post<User>('users', { email, role, ...proof }),
  changeUser: (id: string, change: { role?: Role; disabled?: boolean } & Proof) => call<User>('PATCH', `users/${enc(id)}`, change),
  removeUser: (id: string) => call('DELETE', `users/${enc(id)}`),
  removeSecondFactor: (id: string, proof: Proof) => call('DELETE', `users/${enc(id)}/second-factor`, proof),
  tokens: async () => (await get<{ tokens: Token[] }>('tokens')).tokens,
  newToken: (body: { name: string; expires_at?: string; read_only?: boolean }) => post<Token>('tokens', body),
  removeToken: (id: string) => call('DELETE', `tokens/${enc(id)}`),
  totpStart: (password: string, factor: Factor) => post<Totp>('totp', { password, ...factor }),
  totpConfirm: (code: string) => post<{ recovery_codes: string[] }>('totp/confirm', { code }),
  totpOff: (password: string, factor: Factor) => call('DELETE', 'totp', { password, ...factor }),
  passkeys: () => get<Passkeys>('passkeys'),
  passkeyOptions: async (proof: Proof) => (await post<{ public_key: CreationOptions }>('passkeys/options', proof)).public_key,
  passkeyChallenge: async () => (await post<{ public_key: RequestOptions }>('passkeys/challenge')).public_key,
  addPasskey: (name: string, response: PasskeyAnswer) => post<Passkey>('passkeys', { name, response }),
  renamePasskey: (id: string, name: string, proof: Proof) => call<Passkey>('PATCH', `passkeys/${enc(id)}`, { name, ...proof }),
  removePasskey: (id: string, proof: Proof) => call('DELETE', `passkeys/${enc(id)}`, proof),
  newRecoveryCodes: async (proof: Proof) => (await post<{ recovery_codes: string[] }>('recovery-codes', proof)).recovery_codes,

  organisations: async () => (await get<{ organisations: Organisation[] }>('organisations')).organisations,
  newOrganisation: (body: Partial<OrganisationFields>) => post<Organisation>('organisations', body),
  changeOrganisation: (id: string, body: Partial<OrganisationFields>) => call<Organisation>('PATCH', `organisations/${enc(id)}`, body),
  removeOrganisation: (id: string) => call('DELETE', `organisations/${enc(id)}`),
  products: async () => (await get<{ products: Product[] }>('products')).products,
  newProduct: (body: Partial<Product>) => post<Product>('products', body),
  changeProduct: (id: string, body: Partial<Product>) => call<Product>('PATCH', `products/${enc(id)}`, body),

  orders: (q: OrderQuery) => get<{ orders: Order[]; next_cursor: string | null }>(`orders${query(q)}`),
  order: (id: string) => get<Order>(`orders/${enc(id)}`),
  newOrder: (body: NewOrder, key: string) => post<Order>('orders', body, { 'Idempotency-Key': key }),
  newArchive: (id: string) => post<Order>(`orders/${enc(id)}/archive`),
  ackArchive: (id: string, sha256: string) => post<Order>(`orders/${enc(id)}/archive/ack`, { sha256 }),
  revealCode: (id: string, proof: Proof) => post<RevealedCode>(`orders/${enc(id)}/code`, proof),
  validate: (id: string, name: string, method: Method) => post<Order>(`orders/${enc(id)}/validate`, { name, method }),
  vet: (id: string, decision: 'approve' | 'reject', evidence: string, note: string) =>
    post<Order>(`orders/${enc(id)}/vetting`, note ? { decision, evidence, note } : { decision, evidence }),
  reissue: (id: string, body: Pick<NewOrder, 'csr' | 'key_type' | 'delivery' | 'hand_over'>) => post<Order>(`orders/${enc(id)}/reissue`, body),
  revoke: (id: string, reason: string, serial?: string) => post<Order>(`orders/${enc(id)}/revoke`, serial ? { reason, serial } : { reason }),
  cancel: (id: string) => post<Order>(`orders/${enc(id)}/cancel`),
  /** The archive's bytes. The address works once, so the caller keeps them until they are acknowledged. */
  archive: async (url: string) => {
    const res = await send('GET', url);
    return { bytes: await res.arrayBuffer(), type: res.headers.get('Content-Type') ?? '', sha256: res.headers.get('X-Archive-SHA256') ?? '' };
  },
  certificate: async (id: string, format: string, serial?: string) =>
    (await send('GET', `orders/${enc(id)}/certificate${query({ format, serial })}`)).blob(),
  receipt: async (url: string) => (await send('GET', url)).blob(),
  csr: async (id: string) => (await send('GET', `orders/${enc(id)}/csr`)).blob(),

  issuers: async () => (await get<{ issuers: IssuerSettings[] }>('issuers')).issuers,
  newIssuer: (body: object) => post<IssuerSettings>('issuers', body),
  changeIssuer: (name: string, body: object) => call<IssuerSettings>('PATCH', `issuers/${enc(name)}`, body),
  removeIssuer: (name: string) => call('DELETE', `issuers/${enc(name)}`, {}),
  registerIssuer: (name: string, body: { agree_terms: boolean; eab?: { kid: string; hmac_key: string } }) => post<IssuerSettings>(`issuers/${enc(name)}/account`, body),
  rollIssuer: (name: string) => post<IssuerSettings>(`issuers/${enc(name)}/account/key`),
  endIssuer: (name: string) => call<IssuerSettings>('DELETE', `issuers/${enc(name)}/account`, {}),
  makeStatement: (name: string, body: object) => post(`issuers/${enc(name)}/statement`, body),
  withdrawStatement: (name: string, proof: object) => call('DELETE', `issuers/${enc(name)}/statement`, proof),
  importCertificate: (id: string, certificate: string) => post(`orders/${enc(id)}/certificate`, { certificate }),
  importCertificates: (certificates: string) => post<Imported>('certificates', { certificates }),
  acmeDirectories: async () => (await get<{ directories: AcmeDirectory[] }>('acme/directories')).directories,
  eabKeys: async () => (await get<{ keys: EabKey[] }>('acme/eab-keys')).keys,
  newEabKey: (body: { title: string; directory: string; names: string[] }) => post<EabKey>('acme/eab-keys', body),
  revokeEabKey: (kid: string) => call('DELETE', `acme/eab-keys/${enc(kid)}`),
  acmeTerms: (token: string, agreed: boolean) => post<AcmeTerms>('acme/terms', { token, agreed }),
  acmeAccounts: async () => (await get<{ accounts: AcmeAccount[] }>('acme/accounts')).accounts,
  endAcmeAccount: (id: string) => call('DELETE', `acme/accounts/${enc(id)}`),

  checkCsr: (csr: string, names: string[], product?: string) =>
    post<CsrCheck>('csr/check', { csr, ...(names.length ? { names } : {}), ...(product ? { product } : {}) }),
  ca: async () => (await get<{ issuers: Issuer[] }>('ca')).issuers,
  audit: (after: number, all: boolean) => get<{ entries: AuditEntry[]; next_after: number | null }>(`audit${query({ after, limit: 100, all: all ? '1' : '' })}`),
  verifyAudit: () => get<AuditVerdict>('audit/verify'),
  publishCrl: () => post('admin/crl'),
  status: () => get<Status>('admin/status'),
};
