/** Against a running Doorward; the environment says where it is and who may sign in. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Keychain, SignedOut, TokenStore, type Tokens } from "./tokenStore.js";

const { DOORWARD = "", EMAIL = "", PASSWORD = "" } = process.env;
const ME = `${DOORWARD}/v1/me`;

/** A keychain that forgets everything when the tests end. */
class Memory implements Keychain {
  readonly entries = new Map<string, { username: string; password: string }>();

  async setGenericPassword(username: string, password: string, { service }: { service: string }) {
    this.entries.set(service, { username, password });
  }

  async getGenericPassword({ service }: { service: string }) {
    return this.entries.get(service) ?? (false as const);
  }

  async resetGenericPassword({ service }: { service: string }) {
    this.entries.delete(service);
  }

  tokens(): Tokens {
    return JSON.parse(this.entries.get(DOORWARD)!.password);
  }
}

async function signIn(): Promise<Tokens> {
  const answer = await fetch(`${DOORWARD}/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const body = (await answer.json()) as { access_token: string; refresh_token: string };
  return { access: body.access_token, refresh: body.refresh_token };
}

/** `fetch` that counts the refreshes. */
function counting() {
  const counter = { refreshes: 0, fetch: undefined as unknown as typeof fetch };
  counter.fetch = (input, init) => {
    if (String(input).endsWith("/v1/tokens/refresh")) counter.refreshes += 1;
    return fetch(input, init);
  };
  return counter;
}

test("calls that meet an expired token together cause one refresh, and both new tokens are kept", async () => {
  const keychain = new Memory();
  const counter = counting();
  const store = new TokenStore(DOORWARD, keychain, counter.fetch);
  const { refresh } = await signIn();
  await store.keep({ access: "expired", refresh });
  const answers = await Promise.all(Array.from({ length: 8 }, () => store.fetch(ME)));
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
  assert.equal(counter.refreshes, 1);
  const kept = keychain.tokens();
  assert.ok(kept.access !== "expired" && kept.refresh !== refresh, "a refresh token is good once");
  assert.equal((await store.fetch(ME)).status, 200);
  assert.equal(counter.refreshes, 1);
});

test("the next start of the app finds both tokens", async () => {
  const keychain = new Memory();
  await new TokenStore(DOORWARD, keychain).keep(await signIn());
  const next = new TokenStore(DOORWARD, keychain);
  assert.equal((await next.fetch(ME)).status, 200);
  const { refresh } = keychain.tokens();
  await next.keep({ access: "expired", refresh });
  assert.equal((await new TokenStore(DOORWARD, keychain).fetch(ME)).status, 200);
});

test("a refresh token that is refused signs out", async () => {
  const keychain = new Memory();
  const store = new TokenStore(DOORWARD, keychain);
  await store.keep({ access: "expired", refresh: "nonsense" });
  await assert.rejects(store.fetch(ME), SignedOut);
  assert.equal(keychain.entries.size, 0);
  await assert.rejects(store.fetch(ME), SignedOut);
});

test("a network that is away signs nobody out", async () => {
  const keychain = new Memory();
  const away: typeof fetch = (input, init) =>
    String(input).endsWith("/v1/tokens/refresh") ? Promise.reject(new TypeError("network")) : fetch(input, init);
  const tokens = { access: "expired", refresh: (await signIn()).refresh };
  const store = new TokenStore(DOORWARD, keychain, away);
  await store.keep(tokens);
  await assert.rejects(store.fetch(ME), TypeError);
  assert.deepEqual(keychain.tokens(), tokens);
  assert.equal((await new TokenStore(DOORWARD, keychain).fetch(ME)).status, 200);
});

test("signing out ends the session at Doorward", async () => {
  const keychain = new Memory();
  const store = new TokenStore(DOORWARD, keychain);
  const tokens = await signIn();
  await store.keep(tokens);
  await store.signOut();
  assert.equal(keychain.entries.size, 0);
  const headers = { Authorization: `Bearer ${tokens.access}` };
  assert.equal((await fetch(ME, { headers })).status, 401);
});
