//! The command line as it is typed.

use super::args::{Cli, Command, Serve, Users};
use clap::{CommandFactory, Parser};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_command_it_serves_and_takes_the_flags_of_serve() {
    let cli = parse("doorward --bind 127.0.0.1:9 --data-dir d").unwrap();
    assert!(cli.command.is_none());
    assert_eq!(cli.serve.bind.as_deref(), Some("127.0.0.1:9"));
    let Some(Command::Serve(serve)) = parse("doorward serve --workers 4 --expose-development")
        .unwrap()
        .command
    else {
        panic!("this is serve")
    };
    let both = serve.or(Serve {
        bind: Some("x".to_owned()),
        ..Serve::default()
    });
    assert_eq!(
        (both.workers, both.expose_development, both.bind.as_deref()),
        (Some(4), true, Some("x"))
    );
}

#[test]
fn wrong_usage_exits_with_two() {
    for line in [
        "doorward fly",
        "doorward users",
        "doorward users create",
        "doorward users list --status happy",
        "doorward keys rotate --later",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn a_user_is_made_of_one_identifier_at_least() {
    let Some(Command::Users(Users::Create(create))) =
        parse("doorward users create --login ada").unwrap().command
    else {
        panic!("this is create")
    };
    assert_eq!(create.login.as_deref(), Some("ada"));
    assert!(parse("doorward users create --full-name Ada").is_err());
}

#[test]
fn the_help_is_as_promised() {
    let mut pages = String::new();
    collect(Cli::command().term_width(100), &mut pages);
    insta::assert_snapshot!(pages);
}

/// The help of a command and of all below it.
fn collect(mut command: clap::Command, pages: &mut String) {
    let name = command
        .get_bin_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let help = command.render_long_help();
    pages.push_str(&["$ ", &name, " --help\n", &help.to_string(), "\n"].concat());
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let name = format!("{name} {}", sub.get_name());
        collect(sub.clone().bin_name(name).term_width(100), pages);
    }
}
