//! Help, completions, wrong usage: what is told before anything is done.

use super::folder::Folder;

fn help(arguments: &[&str]) -> String {
    let mut arguments = arguments.to_vec();
    arguments.push("--help");
    Folder::sqlite().run(&arguments).done().stdout
}

#[test]
fn help_is_a_promise() {
    insta::assert_snapshot!("help", help(&[]));
}

#[test]
fn the_help_of_each_command_is_a_promise() {
    let commands: [&[&str]; 14] = [
        &["serve"],
        &["worker"],
        &["init"],
        &["config"],
        &["migrate"],
        &["keys"],
        &["keys", "rotate"],
        &["users"],
        &["users", "create"],
        &["users", "delete"],
        &["users", "show"],
        &["import"],
        &["doctor"],
        &["health"],
    ];
    let pages: Vec<_> = commands
        .into_iter()
        .map(|command| format!("$ doorward {} --help\n{}", command.join(" "), help(command)))
        .collect();
    insta::assert_snapshot!("help_of_commands", pages.join("\n"));
}

#[test]
fn wrong_usage_exits_with_2_and_says_so_on_stderr() {
    let folder = Folder::sqlite();
    for arguments in [
        &["fly"][..],
        &["users"],
        &["users", "create"],
        &["users", "show"],
        &["keys", "rotate", "--later"],
        &["--bind"],
        &["completions", "abacus"],
    ] {
        let outcome = folder.run(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {outcome:?}"
        );
        assert!(
            outcome.stderr.contains("error") || outcome.stderr.contains("Usage"),
            "{outcome:?}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.root()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Folder::sqlite().run(&["completions", shell]).done().stdout;
        assert!(
            script.contains("doorward") && script.contains("rotate"),
            "{shell}"
        );
    }
}

#[test]
fn the_version_is_told_to_whoever_has_the_binary() {
    let version = Folder::sqlite().run(&["--version"]).done().stdout;
    assert_eq!(
        version.trim(),
        format!("doorward {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_command_in_the_wrong_folder_makes_nothing_and_says_what_to_do() {
    let folder = Folder::sqlite();
    for arguments in [
        &["users", "list"][..],
        &["users", "show", "ada"],
        &["keys", "list"],
        &["keys", "rotate"],
    ] {
        let outcome = folder.run(arguments).refused();
        let complaint = outcome.complaint();
        assert!(
            complaint.contains("database") && complaint.contains("--data-dir"),
            "{complaint}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.root()).unwrap().count(),
        0,
        "nothing was made"
    );
}
