//! What the operator decided, as plain values. The configuration builds it; nothing here reads a file or a variable.

use doorward_crypto::{Algorithm, Scheme};
use doorward_domain::{Families, PasswordRules, ProviderName, Purpose, Span};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use url::Url;

/// Every setting that a use case depends on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One person on one machine, or a service for others.
    pub mode: Mode,
    /// `profile = "strict"`.
    pub strict: bool,
    /// How the service calls itself in mail and documents.
    pub server_name: String,
    /// The base of every link; never taken from a request.
    pub public_url: Url,
    /// The documented families that are on.
    pub families: Families,
    /// Base path of families `proof` and `verified`.
    pub v1_prefix: String,
    /// Tokens and the keys that sign them.
    pub tokens: Tokens,
    /// Family `code`.
    pub code: CodeFamily,
    /// Family `confirm`.
    pub confirm: ConfirmFamily,
    /// Family `session`.
    pub session: SessionFamily,
    /// Family `verified`.
    pub verified: VerifiedFamily,
    /// Family `proof`.
    pub proof: ProofFamily,
    /// One-time codes by purpose.
    pub codes: Codes,
    /// Links that are mailed.
    pub links: Links,
    /// Accounts in all families.
    pub accounts: Accounts,
    /// How passwords are hashed and judged.
    pub password: Passwords,
    /// Work that removes what has ended.
    pub cleanup: Cleanup,
    /// How long a replica may keep what it has verified.
    pub cache_lifetime: Span,
    /// Users' files.
    pub files: Files,
    /// Mail is shown in the development inbox in place of being sent.
    pub inbox: bool,
    /// Where text messages go.
    pub sms: SmsRoute,
    /// The identity providers whose ID tokens are accepted.
    pub federation: Federation,
    /// The certificates that are had by ACME.
    pub certificates: Option<Certificates>,
}

/// `server.acme.*`, as far as replicas share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The names that one certificate is for: in lower case, sorted, each once.
    pub domains: Vec<String>,
    /// The address of the authority's directory.
    pub directory: String,
}

impl Settings {
    /// Whether the development inbox shows anything.
    pub fn has_inbox(&self) -> bool {
        self.inbox || self.sms == SmsRoute::Inbox
    }
}

/// `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One person on one machine.
    Development,
    /// A service for others.
    Production,
}

/// `tokens.*`.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The algorithm of new keys.
    pub algorithm: Algorithm,
    /// `iss` of every token.
    pub issuer: String,
    /// `aud` of every token, when set.
    pub audience: Option<String>,
    /// How long an access token is good.
    pub access_lifetime: Span,
    /// How long a refresh token is good.
    pub refresh_lifetime: Span,
    /// The absolute end of a rotating session.
    pub session_lifetime: Span,
    /// How long the refresh token just used gets the same successor again.
    pub reuse_grace: Span,
    /// `tokens.refresh = "stateless"`: a refresh token serves until it expires and needs no session row.
    pub stateless_refresh: bool,
    /// The age at which a signing key gets a successor; zero: never by itself.
    pub rotate_keys_every: Span,
    /// The shared key of HS256.
    pub hs256_key: Option<SecretString>,
}

/// `api.code.*`.
#[derive(Clone, Debug)]
pub struct CodeFamily {
    /// How long an account waits between two pairs of tokens; zero: not at all.
    pub token_cooldown: Span,
    /// What a password set here must look like.
    pub password: PasswordRules,
    /// Code points of a nickname.
    pub nickname: RangeInclusive<usize>,
    /// Code points of a first or last name.
    pub name: RangeInclusive<usize>,
    /// The youngest age, in years.
    pub min_age: i64,
    /// How long an access token of a session opened here is good.
    pub access_lifetime: Span,
    /// How long a refresh token of a session opened here is good.
    pub refresh_lifetime: Span,
    /// Whether anybody learns that an account is suspended, banned or deleted.
    pub disclose_state: bool,
    /// Whether an account that has a password keeps its identifiers from whoever proves them.
    pub guard_identifiers: bool,
}

/// `api.confirm.*`.
#[derive(Clone, Debug)]
pub struct ConfirmFamily {
    /// Whether registering tells that an address is taken.
    pub disclose_existence: bool,
    /// What a password set here must look like.
    pub password: PasswordRules,
    /// Whether the `GET` of a client that is no browser confirms.
    pub confirm_on_get: bool,
    /// Whether the password form of OAuth 2 (RFC 6749 section 4.3) is taken.
    pub password_form: bool,
}

/// `api.session.*`.
#[derive(Clone, Debug)]
pub struct SessionFamily {
    /// How long a token, and with it its session, is good.
    pub access_lifetime: Span,
    /// What a password set here must look like.
    pub password: PasswordRules,
    /// Whether registering tells that a login is taken.
    pub open_registration: bool,
}

/// `api.verified.*`.
#[derive(Clone, Debug)]
pub struct VerifiedFamily {
    /// Whether refreshing turns the refresh token over.
    pub rotate_refresh: bool,
    /// Whether registering tells that an address is taken.
    pub disclose_existence: bool,
    /// What a password set here must look like.
    pub password: PasswordRules,
}

/// `proof.*`.
#[derive(Clone, Debug)]
pub struct ProofFamily {
    /// The key that proofs are signed with for those who share it; it does nothing else.
    pub secret_key: Option<SecretString>,
    /// The projects that proofs are made for; empty: any.
    pub projects: Vec<String>,
}

/// `codes.*`.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// `codes.sign_in.*`.
    pub sign_in: CodeRule,
    /// `codes.proof.*`.
    pub proof: CodeRule,
    /// `codes.verify.*`.
    pub verify: CodeRule,
    /// `codes.reset.*`.
    pub reset: CodeRule,
    /// What a day of wrong guesses leads to.
    pub escalation: Escalation,
}

impl Codes {
    /// The rule of a purpose.
    pub const fn rule(&self, purpose: Purpose) -> &CodeRule {
        match purpose {
            Purpose::SignIn => &self.sign_in,
            Purpose::Proof => &self.proof,
            Purpose::Verify => &self.verify,
            Purpose::Reset => &self.reset,
        }
    }
}

/// `codes.escalation`: what is done about an identifier whose codes are guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escalation {
    /// Unknown networks get longer codes.
    Length,
    /// Longer codes, and from a hundred wrong guesses on none, until the day is over.
    Refuse,
    /// Nothing.
    Off,
}

/// What the codes of one purpose are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRule {
    /// Digits.
    pub length: u8,
    /// How many of them differ at least.
    pub unique_digits: u8,
    /// How long a code is good.
    pub lifetime: Span,
    /// How long until the same subject and network may ask again.
    pub cooldown: Span,
    /// Wrong guesses after which a code is dead, counted apart for its own network and for all others.
    pub attempts: u32,
}

/// `links.*`.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    /// How long the link that confirms an address is good.
    pub confirm_lifetime: Span,
    /// How long the link to a new password is good.
    pub reset_lifetime: Span,
}

/// `accounts.*`.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
    /// Whether an unconfirmed address keeps its account from signing in, in families that leave it open.
    pub require_verified_email: bool,
    /// How long a deleted account is remembered.
    pub retention: Span,
    /// How long an account that nobody proved or signed in to is kept.
    pub unproven_lifetime: Span,
    /// What a change of what matters asks for beside a token.
    pub reauthenticate: Reauthenticate,
}

/// `accounts.reauthenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reauthenticate {
    /// What the family's page says.
    Documented,
    /// A sign-in of the last quarter of an hour.
    Fresh,
}

/// `password.*`.
#[derive(Clone, Copy, Debug)]
pub struct Passwords {
    /// How new hashes are made.
    pub scheme: Scheme,
    /// `password.policy = "strict"`: 8 to 128 code points everywhere, common ones refused.
    pub strict: bool,
    /// Wrong ones in a row, after a right code, that suspend an account.
    pub attempts: u32,
}

/// `cleanup.*`.
#[derive(Clone, Copy, Debug)]
pub struct Cleanup {
    /// How often it runs.
    pub interval: Span,
    /// How many rows one commit removes at most.
    pub batch: u32,
}

/// `files.*`.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// Bytes of one file at most.
    pub max_size: u64,
    /// Files of one user at most.
    pub max_count: u32,
    /// Whether files are kept whose name, type and first bytes disagree.
    pub any_type: bool,
}

/// Where text messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsRoute {
    /// Nowhere: nobody can be reached by telephone.
    Nowhere,
    /// Into the development inbox.
    Inbox,
    /// To the provider of `sms.*`.
    Provider,
}

/// `federation.*`.
#[derive(Clone, Debug)]
pub struct Federation {
    /// The providers, by name.
    pub providers: BTreeMap<ProviderName, Provider>,
    /// What links an identity to an account that is there.
    pub link: Linking,
}

/// `federation.<name>.*`.
#[derive(Clone, Debug)]
pub struct Provider {
    /// `iss` of its ID tokens, and where its discovery document is.
    pub issuer: String,
    /// Where its keys are, where that is not left to discovery.
    pub jwks_uri: Option<Url>,
    /// Whom its ID tokens may be made for.
    pub client_ids: Vec<String>,
    /// Whether an ID token must carry a nonce of ours.
    pub require_nonce: bool,
    /// For whose addresses its word counts.
    pub vouching: Vouching,
}

/// `federation.<name>.domains`: a provider is believed about an address where it is trusted for the address's domain.
/// Elsewhere an address that it says it verified is one that nobody has verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouching {
    /// For every address.
    Everywhere,
    /// For addresses of these domains, which are in their canonical form.
    Within(BTreeSet<String>),
}

/// `federation.link`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// An address that both sides have verified.
    Verified,
    /// Nothing but the signed-in user's word.
    Confirmed,
}
