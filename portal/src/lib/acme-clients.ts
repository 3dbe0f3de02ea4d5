// Ready-to-paste commands for other people's ACME clients. Pure functions, tested in test/acme-clients.test.ts.
export interface Eab { kid: string; hmac_key: string }
export interface AcmeClient { id: string; title: string; text: string; note?: string }

/** What stands in for a key that was not made, or is no longer shown. */
const hole: Eab = { kid: 'KEY_ID', hmac_key: 'HMAC_KEY' };

export function acmeClients(directory: string, eab: Eab | null, needsEab: boolean, host: string): AcmeClient[] {
  const key = eab ?? (needsEab ? hole : null);
  const flags = (kid: string, mac: string) => (key ? ` \\\n  ${kid} ${key.kid} ${mac} ${key.hmac_key}` : '');
  return [
    { id: 'certbot', title: 'certbot', text: `REQUESTS_CA_BUNDLE=root.pem certbot certonly --standalone \\\n  --server ${directory}${flags('--eab-kid', '--eab-hmac-key')} \\\n  -d ${host}` },
    { id: 'lego', title: 'lego', text: `LEGO_CA_CERTIFICATES=root.pem lego --accept-tos --email you@example.com \\\n  --server ${directory}${key ? ` --eab --kid ${key.kid} \\\n  --hmac ${key.hmac_key}` : ''} \\\n  --http --domains ${host} run` },
    { id: 'acmesh', title: 'acme.sh', text: `acme.sh --register-account --ca-bundle root.pem \\\n  --server ${directory}${flags('--eab-kid', '--eab-hmac-key')}\nacme.sh --issue --standalone --ca-bundle root.pem \\\n  --server ${directory} -d ${host}` },
    { id: 'certmanager', title: 'cert-manager', text: certManager(directory, key, host), note: 'The MAC key goes into a secret first; caBundle is root.pem in base64, on one line.' },
    { id: 'caddy', title: 'Caddy', text: caddy(directory, key, host) },
  ];
}

/** An issuer for the whole cluster, and a certificate from it. */
function certManager(directory: string, key: Eab | null, host: string): string {
  const name = host.toLowerCase().replace('*', 'wildcard').replace(/[^a-z0-9]+/g, '-');
  const secret = key ? `# kubectl -n cert-manager create secret generic autocsr-eab --from-literal=key=${key.hmac_key}\n` : '';
  const binding = key ? `    externalAccountBinding:\n      keyID: ${key.kid}\n      keySecretRef:\n        name: autocsr-eab\n        key: key\n` : '';
  return `${secret}apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata:
  name: autocsr
spec:
  acme:
    server: ${directory}
    caBundle: BASE64_OF_ROOT_PEM
${binding}    privateKeySecretRef:
      name: autocsr-account
    solvers:
      - http01:
          ingress: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: ${name}
spec:
  secretName: ${name}-tls
  dnsNames:
    - ${JSON.stringify(host)}
  issuerRef:
    name: autocsr
    kind: ClusterIssuer`;
}

function caddy(directory: string, key: Eab | null, host: string): string {
  const binding = key ? `\n  acme_eab {\n    key_id ${key.kid}\n    mac_key ${key.hmac_key}\n  }` : '';
  return `{\n  acme_ca ${directory}\n  acme_ca_root /etc/caddy/root.pem${binding}\n}\n\n${host} {\n  reverse_proxy localhost:8080\n}`;
}
