//! The figures, what they are compared with, and how both are shown.

use std::fmt::{self, Display, Formatter};
use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::load::{CONNECTIONS, Measured};
use crate::server::MEASURED_WITH;

/// What Doorward keeps its data in.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Display for Engine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL + Redis",
        })
    }
}

/// What a figure counts in.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Mebibytes,
    /// So many times another figure.
    Times,
    /// How well a classifier tells two kinds of answers apart: 0.5 is not at all.
    Area,
}

/// Whether a target was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Met,
    Missed,
}

impl Verdict {
    fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
        }
    }
}

/// A bound that a figure itself is to keep.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Around { middle: f64, by: f64 },
}

/// A limit that was measured beside the figure, and the share of it that Doorward reaches.
#[derive(Serialize)]
struct Beside {
    limit: &'static str,
    per_second: f64,
    share: f64,
    target: Option<f64>,
    verdict: Option<Verdict>,
}

/// One thing that was measured.
#[derive(Serialize)]
pub(crate) struct Figure {
    engine: Engine,
    name: &'static str,
    value: f64,
    unit: Unit,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    target: Option<Bound>,
    verdict: Option<Verdict>,
    beside: Vec<Beside>,
    note: Option<String>,
}

impl Figure {
    pub(crate) fn new(engine: Engine, name: &'static str, value: f64, unit: Unit) -> Self {
        Self {
            engine,
            name,
            value,
            unit,
            p50_ms: None,
            p99_ms: None,
            target: None,
            verdict: None,
            beside: Vec::new(),
            note: None,
        }
    }

    /// Answers per second, with how long they took.
    pub(crate) fn rate(engine: Engine, name: &'static str, measured: &Measured) -> Self {
        Self {
            p50_ms: Some(millis(measured.percentile(50))),
            p99_ms: Some(millis(measured.percentile(99))),
            note: measured.refusals(),
            ..Self::new(engine, name, measured.per_second(), Unit::PerSecond)
        }
    }

    /// The least it is to be.
    pub(crate) fn at_least(mut self, bound: f64) -> Self {
        self.target = Some(Bound::AtLeast(bound));
        self.verdict = Some(Verdict::of(self.value >= bound));
        self
    }

    /// The most it is to be.
    pub(crate) fn at_most(mut self, bound: f64) -> Self {
        self.target = Some(Bound::AtMost(bound));
        self.verdict = Some(Verdict::of(self.value <= bound));
        self
    }

    /// What it is to be, give or take.
    pub(crate) fn around(mut self, middle: f64, by: f64) -> Self {
        self.target = Some(Bound::Around { middle, by });
        self.verdict = Some(Verdict::of((self.value - middle).abs() <= by));
        self
    }

    /// Puts a limit beside it, and the share of that limit that is to be reached, if one is.
    pub(crate) fn beside(
        mut self,
        limit: &'static str,
        per_second: f64,
        target: Option<f64>,
    ) -> Self {
        let share = self.value / per_second;
        self.beside.push(Beside {
            limit,
            per_second,
            share,
            target,
            verdict: target.map(|target| Verdict::of(share >= target)),
        });
        self
    }

    pub(crate) fn note(mut self, text: String) -> Self {
        self.note = Some(match self.note {
            Some(earlier) => format!("{earlier}; {text}"),
            None => text,
        });
        self
    }

    fn measured(&self) -> String {
        amount(self.value, self.unit)
    }

    fn latencies(&self) -> String {
        match (self.p50_ms, self.p99_ms) {
            (Some(middle), Some(slow)) => format!("{middle:.1} / {slow:.1}"),
            _ => String::new(),
        }
    }

    fn target(&self) -> String {
        match self.target {
            Some(Bound::AtLeast(bound)) => format!("≥ {}", amount(bound, self.unit)),
            Some(Bound::AtMost(bound)) => format!("≤ {}", amount(bound, self.unit)),
            Some(Bound::Around { middle, by }) => format!("{middle:.2} ± {by:.2}"),
            None => String::new(),
        }
    }

    /// One row for the figure itself, and one for each further limit beside it.
    fn rows(&self) -> Vec<[String; 7]> {
        let mut limits = self.beside.iter();
        let first = limits.next();
        let mut own = [
            self.name.to_owned(),
            self.measured(),
            self.latencies(),
            String::new(),
            String::new(),
            self.target(),
            verdict(self.verdict),
        ];
        if let Some(limit) = first {
            let [.., beside, share, target, met] = &mut own;
            (*beside, *share) = (limit.label(), percent(limit.share));
            if self.target.is_none() {
                (*target, *met) = (limit.target_text(), verdict(limit.verdict));
            }
        }
        let further = limits.map(|limit| {
            let nothing = String::new;
            [
                nothing(),
                nothing(),
                nothing(),
                limit.label(),
                percent(limit.share),
                limit.target_text(),
                verdict(limit.verdict),
            ]
        });
        std::iter::once(own).chain(further).collect()
    }
}

impl Beside {
    fn label(&self) -> String {
        format!(
            "{} ({})",
            self.limit,
            amount(self.per_second, Unit::PerSecond)
        )
    }

    fn target_text(&self) -> String {
        self.target
            .map(|target| format!("≥ {}", percent(target)))
            .unwrap_or_default()
    }
}

/// Everything that one run found.
#[derive(Serialize)]
pub(crate) struct Report {
    binary: String,
    quick: bool,
    cores: usize,
    conditions: Vec<String>,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(binary: &Path, quick: bool) -> Self {
        let settings: Vec<_> = MEASURED_WITH
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Self {
            binary: binary.display().to_string(),
            quick,
            cores: thread::available_parallelism().map_or(1, NonZero::get),
            conditions: vec![
                format!("{CONNECTIONS} keep-alive connections over loopback, one request on its way on each"),
                "client, server and databases share the cores; the two limits of arithmetic are measured alone, \
                 before, between and after the rounds of what stands beside them"
                    .to_owned(),
                "the bare server is hyper in a process of its own: same client, same requests, same bytes".to_owned(),
                "commits are durable on both engines; the log is written at its default level".to_owned(),
                format!("settings beside the defaults: {}", settings.join(" ")),
            ],
            figures: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY).set_header([
            "figure",
            "measured",
            "p50 / p99 ms",
            "beside it",
            "share",
            "target",
            "",
        ]);
        let mut heading = String::new();
        for figure in &self.figures {
            let engine = figure.engine.to_string();
            if engine != heading {
                table.add_row([engine.as_str()]);
                heading = engine;
            }
            for row in figure.rows() {
                table.add_row(row);
            }
        }
        for place in [1, 2, 4] {
            if let Some(column) = table.column_mut(place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let pace = if self.quick {
            ", quick: no figures to quote"
        } else {
            ""
        };
        writeln!(f, "{} on {} cores{pace}", self.binary, self.cores)?;
        writeln!(f, "{}", self.table())?;
        for figure in &self.figures {
            if let Some(note) = &figure.note {
                writeln!(f, "{}, {}: {note}", figure.engine, figure.name)?;
            }
        }
        for condition in &self.conditions {
            writeln!(f, "- {condition}")?;
        }
        Ok(())
    }
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn verdict(verdict: Option<Verdict>) -> String {
    verdict.map_or("", Verdict::word).to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond if value < 1000.0 => format!("{value:.1}/s"),
        Unit::PerSecond => format!("{}/s", grouped(value)),
        Unit::Milliseconds => format!("{value:.1} ms"),
        Unit::Mebibytes => format!("{value:.1} MiB"),
        Unit::Times => format!("{value:.2} times"),
        Unit::Area => format!("{value:.3}"),
    }
}

/// A whole number with a comma between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64) -> Figure {
        Figure::new(Engine::Sqlite, "sign-in", value, Unit::PerSecond)
    }

    #[test]
    fn a_share_is_judged_by_its_own_target() {
        let figure = figure(90.0)
            .beside("argon2id", 100.0, Some(0.85))
            .beside("bare server", 1000.0, Some(0.3))
            .beside("signing", 200.0, None);
        let verdicts: Vec<_> = figure.beside.iter().map(|limit| limit.verdict).collect();
        assert_eq!(verdicts, [Some(Verdict::Met), Some(Verdict::Missed), None]);
    }

    #[test]
    fn bounds_include_themselves() {
        assert_eq!(figure(3000.0).at_least(3000.0).verdict, Some(Verdict::Met));
        assert_eq!(
            figure(3000.5).at_most(3000.0).verdict,
            Some(Verdict::Missed)
        );
    }

    #[test]
    fn every_limit_has_a_row_and_the_figure_stands_in_the_first() {
        let rows = figure(1234.0)
            .beside("argon2id", 12_340.0, Some(0.85))
            .beside("bare server", 2468.0, None)
            .rows();
        assert_eq!(
            rows,
            [
                [
                    "sign-in",
                    "1,234/s",
                    "",
                    "argon2id (12,340/s)",
                    "10 %",
                    "≥ 85 %",
                    "missed"
                ],
                ["", "", "", "bare server (2,468/s)", "50 %", "", ""],
            ]
        );
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [999.0, 1000.0, 123_456.0, 1_234_567.0].map(grouped);
        assert_eq!(texts, ["999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn programs_read_shares_and_verdicts() {
        let mut report = Report::new(Path::new("doorward"), true);
        report.add(figure(90.0).beside("argon2id", 100.0, Some(0.85)));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["figures"][0]["engine"], "sqlite");
        assert_eq!(json["figures"][0]["beside"][0]["verdict"], "met");
        assert_eq!(json["figures"][0]["beside"][0]["share"], 0.9);
    }
}
