// node provider.mjs PORT CALLBACK SECRET_FILE: one client, "csdl"; its development screens take any password.
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [port, callback, secretFile] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "csdl",
      client_secret: readFileSync(secretFile, "utf8").trim(),
      redirect_uris: [callback],
      id_token_signed_response_alg: "RS256",
    },
  ],
  cookies: { keys: ["of a test alone"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listens"));
