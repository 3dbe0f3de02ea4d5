// Chromium's virtual authenticator: a phone or security key that answers by itself.
export class VirtualAuthenticator {
  static async plug(page, options = {}) {
    const made = new VirtualAuthenticator();
    made.cdp = await page.context().newCDPSession(page);
    await made.cdp.send('WebAuthn.enable', { enableUI: false });
    made.id = (await made.cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true, ...options } })).authenticatorId;
    return made;
  }

  async credentials() { return (await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.id })).credentials; }
  /** Whether the finger fits from now on. */
  async verified(yes) { await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified: yes }); }
  async forget() { await this.cdp.send('WebAuthn.clearCredentials', { authenticatorId: this.id }); }
}
