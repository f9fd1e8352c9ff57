/**
 * Keeps a user signed in on a phone: both tokens rest in the keychain, a call that meets an expired access token is
 * repeated once with a new one, and any number of calls that meet it together cause one refresh.
 *
 * Works with sessions of every family that has refresh tokens, through `POST /v1/tokens/refresh`.
 */

/** The part of react-native-keychain that is used here: `import * as Keychain from "react-native-keychain"` has it. */
export interface Keychain {
  setGenericPassword(username: string, password: string, options: { service: string }): Promise<unknown>;
  getGenericPassword(options: { service: string }): Promise<false | { username: string; password: string }>;
  resetGenericPassword(options: { service: string }): Promise<unknown>;
}

export interface Tokens {
  access: string;
  refresh: string;
}

/** Nobody is signed in, or no longer: show the sign-in screen. */
export class SignedOut extends Error {
  constructor() {
    super("nobody is signed in");
    this.name = "SignedOut";
  }
}

export class TokenStore {
  private kept: Promise<Tokens | null> | null = null;
  private refreshing: Promise<Tokens> | null = null;

  constructor(
    private readonly doorward: string,
    private readonly keychain: Keychain,
    private readonly send: typeof fetch = fetch,
  ) {}

  /** After signing in, through whatever family. */
  async keep(tokens: Tokens): Promise<void> {
    // One entry holds both: they are never found apart after a crash.
    await this.keychain.setGenericPassword("tokens", JSON.stringify(tokens), { service: this.doorward });
    this.kept = Promise.resolve(tokens);
  }

  /** What was kept, also by the app that ran before this one. */
  tokens(): Promise<Tokens | null> {
    this.kept ??= this.keychain
      .getGenericPassword({ service: this.doorward })
      .then((entry) => (entry ? (JSON.parse(entry.password) as Tokens) : null));
    return this.kept;
  }

  /** `fetch` as the signed-in user. Throws `SignedOut` when there is none; a network that is away signs nobody out. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const tokens = await this.tokens();
    if (!tokens) throw new SignedOut();
    const answer = await this.as(tokens, url, init);
    if (answer.status !== 401) return answer;
    return this.as(await this.renewed(tokens), url, init);
  }

  /** Ends the session at Doorward, and here even if Doorward cannot be reached. */
  async signOut(): Promise<void> {
    const tokens = await this.tokens();
    await this.forget();
    if (!tokens) return;
    await this.post("/v1/sign-out", tokens.refresh).catch(() => undefined);
  }

  /** Tokens newer than `old`: those that another call has fetched meanwhile, or those of the one refresh under way. */
  private async renewed(old: Tokens): Promise<Tokens> {
    const now = await this.tokens();
    if (!now) throw new SignedOut();
    if (now.access !== old.access) return now;
    this.refreshing ??= this.refresh(now).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async refresh(old: Tokens): Promise<Tokens> {
    const answer = await this.post("/v1/tokens/refresh", old.refresh);
    if (answer.status === 400 || answer.status === 401 || answer.status === 403) {
      await this.forget();
      throw new SignedOut();
    }
    if (!answer.ok) throw new Error(`Doorward answers ${answer.status}; try again later`);
    const body = (await answer.json()) as { access_token: string; refresh_token?: string };
    // The refresh token is a new one at each use, so the old one must not outlive this line.
    const tokens = { access: body.access_token, refresh: body.refresh_token ?? old.refresh };
    await this.keep(tokens);
    return tokens;
  }

  private async forget(): Promise<void> {
    await this.keychain.resetGenericPassword({ service: this.doorward });
    this.kept = Promise.resolve(null);
  }

  private as(tokens: Tokens, url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${tokens.access}`);
    return this.send(url, { ...init, headers });
  }

  private post(path: string, refreshToken: string): Promise<Response> {
    return this.send(this.doorward + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: refreshToken }),
    });
  }
}
