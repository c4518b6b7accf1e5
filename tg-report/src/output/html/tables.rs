//! The verdict in words and numbers, the table of means, and the answers to the questions.

use super::markup::{classed, heading, list, paragraph, sentence};
use super::table::{Cell, Table};
use crate::against::Finding;
use crate::answers::Answer;
use crate::arm::Arm;
use crate::chart::svg::escape;
use crate::compare::Comparison;
use crate::output::human::{self, Shown};
use crate::output::notes;
use crate::output::verdict::{self, Line};
use crate::success::Judgement;

/// Arms up to which every sentence of the verdict is in sight.
const SENTENCES: usize = 12;

/// Columns of one table of means; more are continued in the next one, so that paper holds them.
const COLUMNS: usize = 8;

/// What is said of each arm on the primary metric, and the numbers it rests on.
pub fn verdict(comparison: &Comparison) -> String {
    let title = verdict::title(comparison);
    if comparison.arms.len() < 2 {
        return classed("lede", &title);
    }
    let on = title.strip_prefix("verdict on ");
    let mut out = classed(
        "lede",
        &on.map_or(title.clone(), |rest| format!("On {rest}")),
    );
    out += &verdicts(comparison);
    out += &comparisons(
        "Each arm against the baseline on the primary metric",
        verdict::table(comparison),
    )
    .html();
    let noise = verdict::noise(comparison);
    let more: Vec<String> = verdict::notes(comparison)
        .into_iter()
        .chain(noise)
        .collect();
    out += &list("notes", &more);
    let lines = verdict::exploratory(comparison);
    if !lines.is_empty() {
        let count = lines.len();
        let table = comparisons("Each arm against the baseline on the other metrics", lines);
        out += &list("notes", &verdict::exploratory_notes(comparison));
        out += &table.folded(&format!("{count} exploratory comparisons"));
    }
    out + &gates(comparison) + &success(comparison)
}

/// A sentence for each arm, its name set off; where there are many, those that show no difference are folded.
fn verdicts(comparison: &Comparison) -> String {
    let is_many = comparison.arms.len() > SENTENCES;
    let (mut open, mut folded) = (String::new(), String::new());
    let mut count = 0;
    for ((place, arm), words) in comparison.others().zip(verdict::sentences(comparison)) {
        let before = format!("{}: ", arm.label);
        let rest = sentence(words.strip_prefix(&before).unwrap_or(&words));
        let item = format!("<li><strong>{}</strong>: {rest}</li>\n", escape(&arm.label));
        let finding = &comparison.against[place][comparison.primary.at].finding;
        if is_many && *finding == Some(Finding::NotShown) {
            folded += &item;
            count += 1;
        } else {
            open += &item;
        }
    }
    let list = |items: &str| match items {
        "" => String::new(),
        items => format!("<ul class=\"verdicts\">\n{items}</ul>\n"),
    };
    let summary = format!("No difference shown: {count} arms");
    let more = match folded.as_str() {
        "" => String::new(),
        folded => format!(
            "<details><summary>{summary}</summary>\n{}</details>\n",
            list(folded)
        ),
    };
    list(&open) + &more
}

fn comparisons(caption: &str, lines: Vec<Line>) -> Table {
    let row = |line: Line| {
        let last = line.cells.len() - 1;
        let cell = |(at, text): (usize, String)| {
            if at == last {
                Cell::Words(text)
            } else {
                Cell::plain(text)
            }
        };
        line.cells.into_iter().enumerate().map(cell).collect()
    };
    Table {
        caption: caption.to_owned(),
        heads: Table::heads(&verdict::HEADS),
        rows: lines.into_iter().map(row).collect(),
    }
}

fn gates(comparison: &Comparison) -> String {
    let told = |gate: &crate::gate::Gate| {
        format!(
            "--fail-if {}, {}: {}",
            gate.condition, comparison.arms[gate.arm].label, gate.reason
        )
    };
    let lines: Vec<String> = comparison.gates.iter().map(told).collect();
    if lines.is_empty() {
        String::new()
    } else {
        heading("Conditions") + &list("", &lines)
    }
}

/// The manifest's own criteria.
fn success(comparison: &Comparison) -> String {
    if comparison.success.is_empty() {
        return String::new();
    }
    let mut heads = Table::heads(&["criterion"]);
    heads.extend(
        comparison
            .arms
            .iter()
            .map(|arm| (arm.label.clone(), String::new())),
    );
    let rows = comparison.success.iter().map(|judged| {
        let name = comparison.columns[judged.column].title();
        let cells = judged
            .arms
            .iter()
            .map(|judgement| Cell::plain(judgement_word(*judgement)));
        [Cell::plain(format!("{name} {}", judged.condition))]
            .into_iter()
            .chain(cells)
            .collect()
    });
    let caption = "Success criteria of the manifest, judged by the mean; (unsure): its 95 % interval lies on both sides";
    let rows = rows.collect();
    heading("Success criteria")
        + &Table {
            caption: caption.to_owned(),
            heads,
            rows,
        }
        .html()
}

fn judgement_word(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Met { is_sure: true } => "met",
        Judgement::Met { is_sure: false } => "met (unsure)",
        Judgement::Missed { is_sure: true } => "missed",
        Judgement::Missed { is_sure: false } => "missed (unsure)",
        Judgement::Unknown => "unknown",
    }
}

/// Mean and standard deviation of each arm and metric shown.
pub fn means(comparison: &Comparison) -> String {
    let columns = human::columns(comparison);
    let tables = columns
        .chunks(COLUMNS)
        .map(|columns| means_of(comparison, columns).html());
    tables.collect::<String>() + &list("notes", &notes::table(comparison))
}

fn means_of(comparison: &Comparison, columns: &[Shown]) -> Table {
    let mut heads = Table::heads(&["arm", "completed"]);
    heads.extend(
        columns
            .iter()
            .map(|shown| (shown.title.clone(), shown.about.clone())),
    );
    let row = |(at, arm): (usize, &Arm)| {
        let mut row = vec![
            Cell::plain(arm.label.clone()),
            Cell::plain(format!("{}/{}", arm.completed, arm.runs.len())),
        ];
        row.extend(columns.iter().map(|shown| {
            let cell = &shown.cells[at];
            let spread = cell.sd.as_ref().map(|sd| format!("\u{b1}\u{202f}{sd}"));
            Cell::Value(cell.mean.clone(), spread.unwrap_or_default())
        }));
        row
    };
    Table {
        caption: "Mean \u{b1} standard deviation over runs".to_owned(),
        heads,
        rows: comparison.arms.iter().enumerate().map(row).collect(),
    }
}

/// The five questions: those the data says something about, then what it would take for the others.
pub fn answers(comparison: &Comparison) -> String {
    let (known, unknown): (Vec<&Answer>, Vec<&Answer>) = comparison
        .answers
        .iter()
        .partition(|answer| !answer.answer.is_empty());
    let mut out: String = known.into_iter().map(answer).collect();
    if !unknown.is_empty() {
        let unanswered: String = unknown.into_iter().map(answer).collect();
        out +=
            "<details><summary>Questions these runs do not answer, and what is missing</summary>\n";
        out += &unanswered;
        out += "</details>\n";
    }
    out
}

fn answer(answer: &Answer) -> String {
    let mut out = heading(&format!("{}. {}", answer.number, answer.question));
    out.extend(answer.answer.iter().map(|line| paragraph(line)));
    let caveats = answer.caveats.iter().map(|line| format!("caveat: {line}"));
    let missing = answer.missing.iter().map(|line| format!("missing: {line}"));
    out + &list("", &caveats.chain(missing).collect::<Vec<_>>())
}
