//! Commands and flags, with the words of their help.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use doorward_domain::Family;
use doorward_service::imports::OldId;
use std::path::PathBuf;

/// An authentication service: sign-up, codes, sessions and tokens over HTTP
///
/// Without a command it serves. Without any configuration that is a working service on SQLite in the current folder.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(flatten)]
    pub(super) serve: Serve,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Global {
    /// Read settings from this file instead of `doorward.toml`
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The folder of database, secrets and files
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(super) data_dir: Option<PathBuf>,
    /// Print lists as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print without colours (also `NO_COLOR`)
    #[arg(long, global = true)]
    pub(super) no_color: bool,
}

/// Flags of `serve`, which is also what happens without a command.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Serve {
    /// Listen on this address instead of `server.bind`
    #[arg(long, value_name = "ADDRESS")]
    pub(super) bind: Option<String>,
    /// Let development mode listen on other interfaces than loopback
    #[arg(long)]
    pub(super) expose_development: bool,
    /// Accepted for those used to it; one process uses all cores
    #[arg(long, value_name = "N")]
    pub(super) workers: Option<u32>,
}

impl Serve {
    /// These flags, and the others where these are not given.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            bind: self.bind.or(other.bind),
            expose_development: self.expose_development || other.expose_development,
            workers: self.workers.or(other.workers),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open or create the database, migrate it, serve, and work the queue (the default)
    Serve(Serve),
    /// Work the queue alone: mail and cleaning
    Worker,
    /// Write a commented `doorward.toml` with fresh secrets, never over an existing file
    Init(Init),
    /// Look at the settings
    #[command(subcommand)]
    Config(Config),
    /// Bring the database up to date
    Migrate(Migrate),
    /// Look after the signing keys
    #[command(subcommand)]
    Keys(Keys),
    /// Look after the users, beside a running server
    #[command(subcommand)]
    Users(Users),
    /// Take over the users of a documented service, and nothing from it that users have changed here since
    Import(Import),
    /// Copy the SQLite database into a file, while it is served
    Backup(Backup),
    /// Put a copy in the place of the SQLite database: all sessions end, all codes and links are void
    Restore(Restore),
    /// Check what usually goes wrong
    Doctor,
    /// Exit with status 0 when the server here is healthy, for container health checks
    Health,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Debug)]
pub(super) struct Init {
    /// For a service for others instead of one person on one machine
    #[arg(long)]
    pub(super) production: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Name every problem at once
    Check,
    /// Print the settings that hold with their origin, secrets masked
    Print,
    /// Print the page that lists every setting, as Markdown
    Reference,
}

#[derive(Args, Debug)]
pub(super) struct Migrate {
    /// List what would be applied
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List versions and states, and when each may go
    List,
    /// Make a new signing key: published at once, signing after 5 minutes
    Rotate {
        /// Sign with it at once
        #[arg(long)]
        now: bool,
    },
    /// Take in a private key of your own: published at once, signing after 5 minutes
    Import {
        /// Where it is, as PEM (PKCS#8 or PKCS#1)
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take a leaked key out of use at once: nothing that it signed is believed any more
    Withdraw {
        /// Which, as `keys list` counts them
        #[arg(value_name = "VERSION", value_parser = clap::value_parser!(i64).range(1..))]
        version: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// List users, oldest first
    List {
        /// Only those in this state: temp, active, suspended, banned or deleted
        #[arg(long)]
        status: Option<doorward_domain::Status>,
        /// Only those after this id
        #[arg(long, value_name = "ID")]
        after: Option<doorward_domain::UserId>,
        /// So many at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show one user
    Show(Show),
    /// Make a user
    Create(Create),
    /// Make a link to a new password
    Reset {
        #[command(flatten)]
        user: User,
        /// Mail the link to the proven address of the account instead of printing it
        #[arg(long)]
        mail: bool,
    },
    /// Stop an account until it is restored
    Suspend(User),
    /// Stop an account for good
    Ban(User),
    /// Make a suspended or banned account good again
    Restore(User),
    /// End all sessions of a user
    SignOut(User),
    /// Delete a user
    Delete {
        #[command(flatten)]
        user: User,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct Import {
    /// Which service: code, confirm, proof, session or verified
    #[arg(long, value_name = "FAMILY", hide_possible_values = true, value_parser = documented())]
    pub(super) from: Family,
    /// Its database: `postgres://USER@HOST:PORT/NAME`; the password may come from `PGPASSWORD` or `~/.pgpass` instead
    #[arg(value_name = "DATABASE_URL")]
    pub(super) url: String,
    /// Do everything but keep it, and say what would come of it
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Add a row to the user here who has proven the same address, instead of reporting a conflict
    #[arg(long)]
    pub(super) merge: bool,
    /// Copy the users' files too (`--from verified`), out of `FOLDER/user-files/<number>/<name>`
    #[arg(long, value_name = "file:FOLDER")]
    pub(super) files: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Backup {
    /// Where to; it holds everything but `master_key` and the files of users
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Take the place of a file of this name
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args, Debug)]
pub(super) struct Restore {
    /// What `doorward backup` made; the database that it replaces is kept beside it
    #[arg(
        value_name = "FILE",
        required_unless_present = "in_place",
        conflicts_with = "in_place"
    )]
    pub(super) file: Option<PathBuf>,
    /// The database is an old copy itself, put there by other tools such as `pg_restore`: void in it what it would revive
    #[arg(long)]
    pub(super) in_place: bool,
}

/// The families that a service of their own is documented for.
fn documented() -> impl TypedValueParser<Value = Family> {
    PossibleValuesParser::new(Family::DOCUMENTED.map(Family::as_str))
        .try_map(|word| word.parse::<Family>())
}

#[derive(Args, Debug)]
pub(super) struct Show {
    /// An id, e-mail address, telephone number or login
    #[arg(
        value_name = "USER",
        required_unless_present = "old_id",
        conflicts_with = "old_id"
    )]
    pub(super) name: Option<String>,
    /// The id that an imported user had before, such as `session:42`
    #[arg(long, value_name = "FAMILY:ID")]
    pub(super) old_id: Option<OldId>,
}

#[derive(Args, Debug)]
pub(super) struct User {
    /// An id, e-mail address, telephone number or login
    #[arg(value_name = "USER")]
    pub(super) name: String,
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// The e-mail address; it counts as proven
    #[arg(long, required_unless_present_any = ["login", "phone"])]
    pub(super) email: Option<String>,
    /// The login
    #[arg(long)]
    pub(super) login: Option<String>,
    /// The telephone number; it counts as proven
    #[arg(long)]
    pub(super) phone: Option<String>,
    /// The whole name
    #[arg(long)]
    pub(super) full_name: Option<String>,
    /// Read a password from the terminal, or from standard input
    #[arg(long)]
    pub(super) password: bool,
}
