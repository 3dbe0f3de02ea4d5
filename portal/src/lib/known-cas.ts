// Well-known public CAs: where their ACME directory is, as each of them documents it. The same as in src/cli/presets.c.
export interface KnownCa { name: string; title: string; url: string; public: boolean; eab: string }
export const knownCas: KnownCa[] = [
  { name: 'letsencrypt', title: "Let's Encrypt", url: 'https://acme-v02.api.letsencrypt.org/directory', public: true, eab: '' },
  { name: 'letsencrypt-staging', title: "Let's Encrypt (staging)", url: 'https://acme-staging-v02.api.letsencrypt.org/directory', public: false, eab: '' },
  { name: 'zerossl', title: 'ZeroSSL', url: 'https://acme.zerossl.com/v2/DV90', public: true, eab: 'app.zerossl.com, Developer' },
  { name: 'sectigo', title: 'Sectigo', url: 'https://acme.sectigo.com/v2/DV', public: true, eab: 'Sectigo Certificate Manager, ACME Accounts' },
  { name: 'digicert', title: 'DigiCert', url: 'https://acme.digicert.com/v2/acme/directory/', public: true, eab: 'DigiCert CertCentral, ACME Directory URLs' },
  { name: 'google', title: 'Google Trust Services', url: 'https://dv.acme-v02.api.pki.goog/directory', public: true, eab: 'gcloud publicca external-account-keys create' },
  { name: 'google-staging', title: 'Google Trust Services (staging)', url: 'https://dv.acme-v02.test-api.pki.goog/directory', public: false, eab: 'gcloud publicca external-account-keys create' },
];
