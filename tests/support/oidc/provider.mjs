// A real OpenID provider for the tests. It reads one line of JSON: { port, clients, tokenSeconds, roleClaim, format },
// and writes one when it listens. Whoever signs in as `role@organisation` has that role there.
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const AUDIENCE = "doorstroom";
const AUDIENCE_URL = "urn:doorstroom:api";
const settings = JSON.parse(await new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve)));

const provider = new Provider(`http://127.0.0.1:${settings.port}`, {
  clients: settings.clients,
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: { AccessToken: settings.tokenSeconds, IdToken: 60, AuthorizationCode: 30, Interaction: 300, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  scopes: ["openid", "offline_access", ...settings.scopes],
  // What an organisation's provider has decided before: nobody is asked for consent.
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({ accountId: context.oidc.session.accountId, clientId: context.oidc.client.clientId });
    grant.addOIDCScope(["openid", ...settings.scopes].join(" "));
    grant.addResourceScope(AUDIENCE_URL, settings.scopes.join(" "));
    await grant.save();
    return grant;
  },
  extraTokenClaims: (_context, token) => {
    const [role, organisation] = token.accountId.split("@");
    return organisation ? { organisation: { id: organisation }, roles: ["employee", `doorstroom-${role}`] } : {};
  },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE_URL,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: settings.scopes.join(" "),
        audience: AUDIENCE,
        accessTokenFormat: settings.format,
        accessTokenTTL: settings.tokenSeconds,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});
provider.listen(settings.port, "127.0.0.1", () => process.stdout.write('{"listening": true}\n'));
