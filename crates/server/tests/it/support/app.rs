//! The service under test.

use super::backend::{self, Home};
use super::request::Request;
use super::watch::Watch;
use axum::Router;
use doorward_crypto::Entropy;
use doorward_domain::{ClientAddr, Family, Span};
use doorward_server::config::{Config, Origin, Problems, Sources, Variable};
use doorward_service::inbox::{self, Message};
use doorward_service::worker::Worker;
use doorward_service::{Clock, Ctx, SharedApp};
use doorward_testkit::postgres::TestDatabase;
use http::Method;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

/// The service in this process: development mode, all defaults, mail in the inbox, and a clock that the test moves.
pub(crate) struct TestApp {
    pub(crate) app: SharedApp,
    pub(crate) clock: Clock,
    router: Router,
    worker: Worker,
    watch: Arc<Watch>,
    home: Arc<Home>,
}

impl TestApp {
    /// A service of its own, with all defaults; rate limits are on.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A service of its own with these settings on top of the defaults.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let clock = Clock::manual(Clock::system().now().truncated_to_seconds());
        Self::over(Arc::new(Home::new().await), clock, settings).await
    }

    /// A second service over what this one stores, with the same clock: another replica, or the next start.
    pub(crate) async fn beside(&self, settings: &[(&str, &str)]) -> Self {
        Self::over(Arc::clone(&self.home), self.clock.clone(), settings).await
    }

    async fn over(home: Arc<Home>, clock: Clock, settings: &[(&str, &str)]) -> Self {
        let watch = Arc::new(Watch::begin());
        let mut pairs = home.settings();
        pairs.retain(|(name, _)| !settings.iter().any(|(set, _)| set == name));
        pairs.extend_from_slice(settings);
        let config = configured(&pairs).unwrap_or_else(|problems| panic!("{problems}"));
        let built = doorward_server::build(&config, clock.clone(), Entropy::os()).await;
        let doorward = built.unwrap_or_else(|error| panic!("{error:#}"));
        Self {
            worker: Worker::new(Arc::clone(&doorward.app), doorward.couriers),
            app: doorward.app,
            clock,
            router: doorward.router,
            watch,
            home,
        }
    }

    /// Whether the configuration takes these settings.
    pub(crate) fn accepts(settings: &[(&str, &str)]) -> bool {
        configured(settings).is_ok()
    }

    /// Whether limits are counted by the test's clock; Redis has a clock of its own.
    pub(crate) fn limits_follow_the_clock() -> bool {
        !backend::is_shared()
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.router.clone(), Arc::clone(&self.watch), method, path)
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, span: Span) {
        self.clock.advance(span);
    }

    /// Faults are what this test is about.
    pub(crate) fn expect_faults(&self) {
        self.watch.expect_faults();
    }

    /// Works the queue until nothing in it is due.
    pub(crate) async fn work(&self) {
        self.worker
            .run_until_idle()
            .await
            .expect("the queue can be worked");
    }

    /// Removes what has ended, as the worker does now and then.
    pub(crate) async fn clean(&self) {
        self.worker
            .clean()
            .await
            .expect("what has ended can be removed");
    }

    /// Looks after keys and seals, as the worker of one of the replicas does.
    pub(crate) async fn look_after_keys(&self) {
        self.worker
            .look_after_keys()
            .await
            .expect("the keys can be looked after");
    }

    /// Why a service over what this one stores does not start with these settings.
    pub(crate) async fn refused(&self, settings: &[(&str, &str)]) -> String {
        let mut pairs = self.home.settings();
        pairs.retain(|(name, _)| !settings.iter().any(|(set, _)| set == name));
        pairs.extend_from_slice(settings);
        let config = configured(&pairs).unwrap_or_else(|problems| panic!("{problems}"));
        match doorward_server::build(&config, self.clock.clone(), Entropy::os()).await {
            Ok(_) => panic!("it starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// The mail to an address, newest first.
    pub(crate) async fn mail_to(&self, address: &str) -> Vec<Message> {
        self.work().await;
        inbox::list(&self.app, Some(address))
            .await
            .expect("the inbox can be read")
    }

    /// The digits in the newest mail to an address.
    #[track_caller]
    pub(crate) fn code_for(&self, address: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        let address = address.to_owned();
        async move {
            let mail = self.mail_to(&address).await;
            let newest = mail
                .first()
                .unwrap_or_else(|| panic!("no mail, at {caller}"));
            let code = newest
                .text
                .lines()
                .map(str::trim)
                .find(|line| is_code(line));
            let code = code.unwrap_or_else(|| panic!("no code in the newest mail, at {caller}"));
            self.watch.learn(code);
            code.to_owned()
        }
    }

    /// The secret in the link of the newest mail to an address.
    pub(crate) async fn link_token_for(&self, address: &str) -> String {
        let mail = self.mail_to(address).await;
        let newest = mail.first().expect("there is mail");
        let link = newest
            .text
            .split_whitespace()
            .find(|word| word.starts_with("http"));
        let token = link
            .and_then(|link| link.rsplit('/').next())
            .expect("there is a link in the newest mail");
        self.watch.learn(token);
        token.to_owned()
    }

    /// How many mails to an address bear a code.
    pub(crate) async fn codes_sent_to(&self, address: &str) -> usize {
        let mail = self.mail_to(address).await;
        mail.iter()
            .filter(|mail| mail.text.lines().any(|line| is_code(line.trim())))
            .count()
    }

    /// The database, where transactions may be open beside one another.
    pub(crate) fn shared_database(&self) -> Option<&TestDatabase> {
        self.home.shared_database()
    }

    /// The database where it is a file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.home.database_file()
    }

    /// The users' files as they lie in the store.
    pub(crate) fn stored_objects(&self) -> Vec<String> {
        self.home.files()
    }

    /// The circumstances of an operator at the command line.
    pub(crate) fn operator(&self) -> Ctx {
        Ctx {
            now: self.app.now(),
            client: ClientAddr::new(Ipv4Addr::LOCALHOST.into()),
            user_agent: None,
            request_id: "operator".to_owned(),
            family: Family::Native,
        }
    }
}

/// The configuration that these settings make, as the environment would bring them.
fn configured(pairs: &[(&str, &str)]) -> Result<Config, Problems> {
    let environment = pairs.iter().map(|(setting, value)| {
        let name = format!("DOORWARD_{}", setting.replace('.', "__").to_uppercase());
        Variable {
            origin: Origin::Environment { name: name.clone() },
            name,
            value: (*value).to_owned(),
        }
    });
    let sources = Sources {
        environment: environment.collect(),
        ..Sources::default()
    };
    Config::load(sources)
}

fn is_code(line: &str) -> bool {
    (4..=10).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.watch.end();
    }
}
