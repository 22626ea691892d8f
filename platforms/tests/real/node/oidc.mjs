// A certified OAuth 2 and OpenID Connect provider with one client and its own log-in and consent forms.
// Environment: OIDC_PORT, OIDC_REDIRECT. Prints "ready" and runs until it is told to stop.
import Provider from "oidc-provider";

const { OIDC_PORT, OIDC_REDIRECT } = process.env;
const provider = new Provider(`http://127.0.0.1:${OIDC_PORT}`, {
  clients: [
    {
      client_id: "desk",
      client_secret: "desk-secret",
      client_name: "SNS Auto",
      redirect_uris: [OIDC_REDIRECT],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  pkce: { required: () => true },
  scopes: ["openid", "offline_access", "write"],
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, RefreshToken: 86400, Grant: 86400, Interaction: 600, Session: 600 },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.listen(Number(OIDC_PORT), () => console.log(`ready on ${OIDC_PORT}`));

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
