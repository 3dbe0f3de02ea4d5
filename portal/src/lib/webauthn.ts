// Passkeys: between the service's JSON and the browser's byte arrays, and the browser's refusals in plain words.
import { localProblem } from '../api';

/** JSON of WebAuthn as the service sends it: byte strings are base64url. */
export interface CreationOptions {
  rp: { id: string; name: string }; user: { id: string; name: string; displayName: string }; challenge: string;
  pubKeyCredParams: PublicKeyCredentialParameters[]; timeout: number; attestation: 'none'; excludeCredentials: Descriptor[];
  authenticatorSelection: AuthenticatorSelectionCriteria;
}
export interface RequestOptions {
  rpId: string; challenge: string; timeout: number; userVerification: UserVerificationRequirement; allowCredentials: Descriptor[];
}
interface Descriptor { type: 'public-key'; id: string; transports: string[] }
/** What goes back, as PublicKeyCredential.toJSON() writes it; not every browser has that yet. */
export interface PasskeyAnswer { id: string; rawId: string; type: string; response: Record<string, unknown> }

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

export function toBase64url(bytes: ArrayBuffer): string {
  let raw = '';
  for (const b of new Uint8Array(bytes)) raw += String.fromCharCode(b);
  return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const isAddress = (host: string) => /^[0-9.]+$|^\[|:/.test(host);
/** Can this browser use passkeys at this address? Browsers tie them to a name and refuse IP addresses. */
export const passkeysHere = () => typeof PublicKeyCredential === 'function' && !isAddress(location.hostname);

const descriptors = (list: Descriptor[]) => list.map((d) => ({ type: d.type, id: fromBase64url(d.id), transports: d.transports as AuthenticatorTransport[] }));

function refusal(e: unknown): never {
  const name = e instanceof DOMException ? e.name : '';
  if (name === 'InvalidStateError') throw localProblem('passkey', 'This device already has a passkey for you.');
  if (name === 'SecurityError') throw localProblem('passkey', 'Passkeys belong to another address of this service than the one in your browser.');
  if (name === 'NotSupportedError') throw localProblem('passkey', 'This device cannot make a passkey that is understood here.');
  throw localProblem('passkey', 'No passkey was used: it was cancelled, it took too long, or this device has none for here.');
}

export async function createPasskey(o: CreationOptions): Promise<PasskeyAnswer> {
  const made = await navigator.credentials.create({ publicKey: {
    ...o, challenge: fromBase64url(o.challenge), user: { ...o.user, id: fromBase64url(o.user.id) }, excludeCredentials: descriptors(o.excludeCredentials),
  } }).catch(refusal) as PublicKeyCredential | null;
  if (!made) refusal(null);
  const r = made.response as AuthenticatorAttestationResponse;
  return { id: made.id, rawId: toBase64url(made.rawId), type: made.type, response: {
    clientDataJSON: toBase64url(r.clientDataJSON), attestationObject: toBase64url(r.attestationObject), transports: r.getTransports?.() ?? [],
  } };
}

export async function askPasskey(o: RequestOptions): Promise<PasskeyAnswer> {
  const got = await navigator.credentials.get({ publicKey: {
    ...o, challenge: fromBase64url(o.challenge), allowCredentials: descriptors(o.allowCredentials),
  } }).catch(refusal) as PublicKeyCredential | null;
  if (!got) refusal(null);
  const r = got.response as AuthenticatorAssertionResponse;
  return { id: got.id, rawId: toBase64url(got.rawId), type: got.type, response: {
    clientDataJSON: toBase64url(r.clientDataJSON), authenticatorData: toBase64url(r.authenticatorData), signature: toBase64url(r.signature),
    ...(r.userHandle ? { userHandle: toBase64url(r.userHandle) } : {}),
  } };
}
