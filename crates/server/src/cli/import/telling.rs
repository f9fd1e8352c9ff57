//! What came of an import, for a person or a program.

use crate::cli::args::Import;
use crate::cli::output::{Output, line};
use anyhow::Result;
use doorward_domain::Family;
use doorward_service::imports::{KeyReport, NotTaken, Problem, Report};
use serde_json::{Value, json};

pub(super) fn tell(
    output: Output,
    import: &Import,
    report: &Report,
    keys: &KeyReport,
) -> Result<()> {
    output.fields(
        &counts(import, report, keys),
        &to_json(import, report, keys),
    )?;
    if output.json {
        return Ok(());
    }
    for (columns, rows) in [
        (["ID THERE", "PROBLEM", "WHY"], &report.not_taken),
        (["KEY VERSION", "PROBLEM", "WHY"], &keys.not_taken),
        (["FILE", "PROBLEM", "WHY"], &report.files.not_taken),
    ] {
        if !rows.is_empty() {
            line("")?;
            output.rows(&columns, rows, cells, not_taken)?;
        }
    }
    Ok(())
}

fn counts(import: &Import, report: &Report, keys: &KeyReport) -> Vec<(&'static str, String)> {
    let skipped = report.skipped;
    let by_rule = format!(
        "{} ({} temporary, {} unconfirmed, {} deleted)",
        skipped.total(),
        skipped.temporary,
        skipped.unconfirmed,
        skipped.deleted
    );
    let mut counts = vec![
        ("rows read", report.read.to_string()),
        ("taken", report.taken.to_string()),
        ("joined to a user who was here", report.joined.to_string()),
        ("changed as they changed there", report.changed.to_string()),
        ("deleted as they were there", report.removed.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("kept as they were changed here", report.kept.to_string()),
        ("skipped by a rule", by_rule),
        ("conflicts", report.count(Problem::Conflict).to_string()),
        ("unreadable", report.count(Problem::Unreadable).to_string()),
    ];
    if import.from == Family::Code {
        let (taken, known, left) = (keys.taken, keys.known, keys.not_taken.len());
        let told = format!("{taken} taken, {known} known, {left} not taken");
        counts.push(("public keys", told));
    }
    if import.files.is_some() {
        let files = &report.files;
        let (copied, kept, left) = (files.copied, files.kept, files.not_taken.len());
        let told = format!("{copied} copied, {kept} here already, {left} not copied");
        counts.push(("files", told));
    }
    if import.dry_run {
        counts.push(("dry run", "nothing was written".to_owned()));
    }
    counts
}

fn to_json(import: &Import, report: &Report, keys: &KeyReport) -> Value {
    json!({
        "from": import.from,
        "dry_run": import.dry_run,
        "read": report.read,
        "taken": report.taken,
        "joined": report.joined,
        "changed": report.changed,
        "deleted": report.removed,
        "unchanged": report.unchanged,
        "kept": report.kept,
        "skipped": {
            "temporary": report.skipped.temporary,
            "unconfirmed": report.skipped.unconfirmed,
            "deleted": report.skipped.deleted,
        },
        "conflicts": report.count(Problem::Conflict),
        "unreadable": report.count(Problem::Unreadable),
        "not_taken": report.not_taken.iter().map(not_taken).collect::<Vec<_>>(),
        "keys": {
            "taken": keys.taken,
            "known": keys.known,
            "not_taken": keys.not_taken.iter().map(not_taken).collect::<Vec<_>>(),
        },
        "files": {
            "copied": report.files.copied,
            "kept": report.files.kept,
            "not_taken": report.files.not_taken.iter().map(not_taken).collect::<Vec<_>>(),
        },
    })
}

fn cells(row: &NotTaken) -> Vec<String> {
    vec![
        row.source_id.clone(),
        row.problem.as_str().to_owned(),
        row.why.clone(),
    ]
}

fn not_taken(row: &NotTaken) -> Value {
    json!({"id": row.source_id, "problem": row.problem.as_str(), "why": row.why})
}
