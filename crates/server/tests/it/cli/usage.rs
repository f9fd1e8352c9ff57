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
    let commands: [&[&str]; 29] = [
        &["serve"],
        &["worker"],
        &["init"],
        &["config"],
        &["config", "check"],
        &["config", "print"],
        &["config", "reference"],
        &["migrate"],
        &["keys"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["keys", "import"],
        &["keys", "withdraw"],
        &["users"],
        &["users", "list"],
        &["users", "show"],
        &["users", "create"],
        &["users", "reset"],
        &["users", "suspend"],
        &["users", "ban"],
        &["users", "restore"],
        &["users", "sign-out"],
        &["users", "delete"],
        &["import"],
        &["backup"],
        &["restore"],
        &["doctor"],
        &["health"],
        &["completions"],
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
        &["backup"],
        &["restore"],
        &["restore", "copy.db", "--in-place"],
        &["keys", "import"],
        &["keys", "withdraw", "first"],
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
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Folder::sqlite().run(&["completions", shell]).done().stdout;
        assert!(
            script.contains("doorward") && script.contains("rotate"),
            "{shell}"
        );
    }
}

#[test]
fn bash_completes_with_what_is_written_for_it() {
    let folder = Folder::sqlite();
    let script = folder.run(&["completions", "bash"]).done().stdout;
    let folder = folder.with_file("completions.bash", &script);
    let asked = "set -eu; set +u; . ./completions.bash; complete -p doorward; \
                 COMP_WORDS=(doorward back); COMP_CWORD=1; _doorward doorward back doorward; echo ${COMPREPLY[@]}";
    let told = std::process::Command::new("bash")
        .args(["--norc", "-c", asked])
        .current_dir(folder.root())
        .output()
        .unwrap();
    let words = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{words}");
    assert!(words.trim_end().ends_with("backup"), "{words}");
}

/// What a command writes to a terminal.
fn on_a_terminal(folder: &Folder, line: &str) -> String {
    let command = folder.command(&[]);
    let program = command.get_program().to_str().unwrap().to_owned();
    let output = std::process::Command::new("script")
        .args([
            "--quiet",
            "--command",
            &format!("{program} {line}"),
            "/dev/null",
        ])
        .current_dir(folder.root())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TERM", "xterm")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn colours_are_for_terminals_and_for_those_who_did_not_ask_for_none() {
    const ESCAPE: char = '\u{1b}';
    let folder = Folder::sqlite();
    assert!(on_a_terminal(&folder, "doctor").contains(ESCAPE));
    assert!(!on_a_terminal(&folder, "doctor --no-color").contains(ESCAPE));
    assert!(!on_a_terminal(&folder, "doctor --json").contains(ESCAPE));
    assert!(!folder.run(&["doctor"]).stdout.contains(ESCAPE));
    let plain = folder.environment("NO_COLOR", "1");
    let told = on_a_terminal(&plain, "doctor");
    assert!(told.contains("broken") && !told.contains(ESCAPE), "{told}");
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
        &["keys", "withdraw", "1"],
        &["backup", "copy.db"],
        &["restore", "--in-place"],
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
