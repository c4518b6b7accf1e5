//! The verdict in sentences and numbers, the table of means, and the answers to the questions.

use super::markup::{classed, heading, list, paragraph, sentence};
use super::table::{Cell, Table};
use crate::answers::Answer;
use crate::arm::Arm;
use crate::chart::svg::escape;
use crate::compare::Comparison;
use crate::contrast::Finding;
use crate::output::answers::answer_text;
use crate::output::numbers::{self, Shown};
use crate::output::parts::{Grid, Sentence};
use crate::output::{notes, verdict, verdict_notes, warnings};
use crate::report::Report;
use crate::success::{Judged, Judgement};

/// The number of arms up to which no sentence of the verdict is folded.
const SENTENCES: usize = 12;

/// The number of columns of one table of means; more are continued in the next table, so that they fit on paper.
const COLUMNS: usize = 8;

/// The finding for each arm on the primary metric, and the numbers it rests on.
pub fn verdict(comparison: &Comparison) -> String {
    if let Some(only) = verdict::only_arm(comparison) {
        return classed("lede", &only);
    }
    let mut out = classed("lede", &format!("On {}", verdict::subject(comparison)));
    out += &verdicts(comparison);
    let caption = "Each arm against the baseline on the primary metric";
    out += &comparisons(caption, verdict::table(comparison)).html();
    let mut more = verdict_notes::notes(comparison);
    more.extend(verdict_notes::noise(comparison));
    out += &list("notes", &more);
    let grid = verdict::exploratory(comparison);
    if !grid.rows.is_empty() {
        let count = grid.rows.len();
        let table = comparisons("Each arm against the baseline on the other metrics", grid);
        out += &list("notes", &verdict_notes::exploratory_notes(comparison));
        out += &table.folded(&format!("{count} exploratory comparisons"));
    }
    out + &gates(comparison) + &success(comparison)
}

/// A sentence for each arm, its name set off. With many arms, those that show no difference are folded.
fn verdicts(comparison: &Comparison) -> String {
    let is_many = comparison.arms.len() > SENTENCES;
    let (mut open, mut folded) = (String::new(), String::new());
    let mut count = 0;
    let others = comparison.others(comparison.primary.at);
    for ((_, _, contrast), own) in others.zip(verdict::sentences(comparison)) {
        let (subject, text) = (escape(&own.subject), sentence(&own.parts.join("; ")));
        let item = format!("<li><strong>{subject}</strong>: {text}</li>\n");
        if is_many && contrast.finding == Some(Finding::NotShown) {
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
    let (open, folded) = (list(&open), list(&folded));
    if folded.is_empty() {
        return open;
    }
    let summary = format!("No difference shown: {count} arms");
    format!("{open}<details><summary>{summary}</summary>\n{folded}</details>\n")
}

/// A table of findings; the finding, its last column, is a sentence.
fn comparisons(caption: &str, grid: Grid) -> Table {
    let row = |mut row: Vec<String>| {
        let finding = row.pop().map(Cell::Words);
        row.into_iter().map(Cell::plain).chain(finding).collect()
    };
    Table::new(
        caption,
        grid.heads,
        grid.rows.into_iter().map(row).collect(),
    )
}

fn gates(comparison: &Comparison) -> String {
    let lines = comparison.gates.iter().map(|gate| {
        let (condition, arm) = (&gate.condition, &comparison.arms[gate.arm].label);
        format!(
            "--fail-if {condition}, {arm}: {}",
            warnings::gate(comparison, gate)
        )
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return String::new();
    }
    heading("Conditions") + &list("", &lines)
}

/// The manifest's own criteria.
fn success(comparison: &Comparison) -> String {
    if comparison.success.is_empty() {
        return String::new();
    }
    let labels = comparison.arms.iter().map(|arm| arm.label.as_str());
    let heads: Vec<&str> = std::iter::once("criterion").chain(labels).collect();
    let row = |judged: &Judged| {
        let name = comparison.columns[judged.column].title();
        let mut row = vec![Cell::plain(format!("{name} {}", judged.condition))];
        row.extend(
            judged
                .arms
                .iter()
                .map(|own| Cell::plain(judgement_word(*own))),
        );
        row
    };
    let caption = "Success criteria of the manifest, judged by the mean; (unsure): its 95 % interval lies on both sides";
    let table = Table::new(
        caption,
        &heads,
        comparison.success.iter().map(row).collect(),
    );
    heading("Success criteria") + &table.html()
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
    let columns = numbers::columns(comparison);
    let tables = columns.chunks(COLUMNS);
    let tables = tables.map(|columns| means_table(comparison, columns).html());
    tables.collect::<String>() + &list("notes", &notes::table(comparison))
}

fn means_table(comparison: &Comparison, columns: &[Shown]) -> Table {
    let mut heads = Table::heads(&["arm", notes::completed()]);
    heads.extend(
        columns
            .iter()
            .map(|own| (own.title.clone(), own.about.clone())),
    );
    let row = |(at, arm): (usize, &Arm)| {
        let mut row = Cell::row(&[&arm.label, &format!("{}/{}", arm.completed, arm.runs.len())]);
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

/// The five questions: those that the data answers, then the others with the missing runs.
pub fn answers(report: &Report) -> String {
    let answers = report.answers.iter();
    let (known, unknown): (Vec<&Answer>, Vec<&Answer>) =
        answers.partition(|answer| !answer.statements.is_empty());
    let all = |answers: Vec<&Answer>| -> String {
        answers
            .into_iter()
            .map(|own| answer(&report.comparison, own))
            .collect()
    };
    let (known, unknown) = (all(known), all(unknown));
    if unknown.is_empty() {
        return known;
    }
    let summary = "Questions these runs do not answer, and what is missing";
    format!("{known}<details><summary>{summary}</summary>\n{unknown}</details>\n")
}

fn answer(comparison: &Comparison, answer: &Answer) -> String {
    let question = answer.question;
    let text = answer_text(comparison, answer);
    let mut out = heading(&format!("{}. {}", question.number, question.text));
    out.extend(text.statements.iter().map(statement));
    let caveats = text.caveats.iter().map(|line| format!("caveat: {line}"));
    let missing = text.missing.iter().map(|line| format!("missing: {line}"));
    out + &list("", &caveats.chain(missing).collect::<Vec<_>>())
}

/// A sentence of many parts is a list of them: each is a metric of its own.
fn statement(sentence: &Sentence) -> String {
    if sentence.parts.len() < 3 {
        return paragraph(&sentence.to_string());
    }
    paragraph(&format!("{}:", sentence.subject)) + &list("", &sentence.parts)
}
