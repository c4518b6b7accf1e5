//! Every number of the statistics against tables made by `reference/make.py`: to a relative 1e-9, exactly where the table
//! says 0, and undefined exactly where it says null.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::cell::RefCell;
use tg_report::stats::curve::{Fit, Model, crossings, fit};
use tg_report::stats::{
    Interval, SignFlip, binomial, describe, hedges, holm, power, sign_flip, student, versus,
};

/// Comparisons made so far: how many, and those that fail.
struct Table {
    json: Value,
    within: f64,
    compared: RefCell<usize>,
    wrong: RefCell<Vec<String>>,
}

impl Table {
    fn new(text: &str, within: f64) -> Self {
        Self {
            json: serde_json::from_str(text).unwrap(),
            within,
            compared: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    fn rows(&self, name: &str) -> &[Value] {
        self.json[name].as_array().unwrap()
    }

    /// A number that should be what the table has; null is `None`.
    fn number(&self, what: &str, found: Option<f64>, table: &Value) {
        self.near(what, found, table, 0.0);
    }

    /// The same, where an error of `slack` is no error.
    fn near(&self, what: &str, found: Option<f64>, table: &Value, slack: f64) {
        *self.compared.borrow_mut() += 1;
        let sought = number(table);
        let is_right = match (found, sought) {
            (None, None) => true,
            (Some(found), Some(sought)) => {
                (found - sought).abs() <= self.within * sought.abs() + slack
            }
            _ => false,
        };
        if !is_right {
            let line = format!("{what}: {found:?}, not {sought:?}");
            self.wrong.borrow_mut().push(line);
        }
    }

    fn interval(&self, what: &str, found: Option<Interval>, table: &Value) {
        self.number(
            &format!("{what}, low"),
            found.map(|ends| ends.low),
            &table[0],
        );
        self.number(
            &format!("{what}, high"),
            found.map(|ends| ends.high),
            &table[1],
        );
    }

    fn done(&self, least: usize) {
        let wrong = self.wrong.borrow();
        assert!(
            wrong.is_empty(),
            "{} wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(
            *self.compared.borrow() >= least,
            "{} compared",
            self.compared.borrow()
        );
    }
}

/// Numbers stand as text in the tables, so that none is rounded on the way.
fn number(table: &Value) -> Option<f64> {
    let text = table.as_str().map(|text| text.parse().unwrap());
    text.or(table.as_f64())
}

fn numbers(table: &Value) -> Vec<f64> {
    let words = table.as_str().unwrap().split(' ');
    words.map(|word| word.parse().unwrap()).collect()
}

#[test]
fn two_samples() {
    let table = Table::new(include_str!("reference/samples.json"), 1e-9);
    for row in table.rows("samples") {
        let (a, b) = (numbers(&row["a"]), numbers(&row["b"]));
        let is = |what: &str| format!("{}: {what}", row["name"]);
        for (name, values) in [("of_a", &a), ("of_b", &b)] {
            let (found, row) = (describe(values).unwrap(), &row[name]);
            table.number(&is("mean"), Some(found.mean), &row["mean"]);
            table.number(&is("sd"), found.sd, &row["sd"]);
            table.number(&is("median"), Some(found.median), &row["median"]);
            table.interval(&is("the mean's interval"), found.interval, &row["interval"]);
        }
        let found = versus(&a, &b, None, 0.05).unwrap();
        table.number(&is("difference"), found.difference, &row["difference"]);
        let welch = found.welch;
        table.number(&is("t"), welch.map(|test| test.t), &row["welch"]["t"]);
        table.number(&is("df"), welch.map(|test| test.df), &row["welch"]["df"]);
        table.number(
            &is("Welch's p"),
            welch.map(|test| test.p),
            &row["welch"]["p"],
        );
        let interval = welch.map(|test| test.interval);
        table.interval(&is("Welch's interval"), interval, &row["welch"]["interval"]);
        table.number(&is("U"), Some(found.rank.u), &row["rank"]["u"]);
        table.number(&is("rank p"), Some(found.rank.p), &row["rank"]["p"]);
        table.number(&is("floor"), Some(found.rank.floor), &row["rank"]["floor"]);
        table.number(&is("permutation p"), found.permutation, &row["permutation"]);
        table.number(&is("delta"), Some(found.cliff), &row["cliff"]);
        table.number(&is("g"), found.hedges, &row["hedges"]);
        table.number(
            &is("ratio"),
            found.ratio.map(|ratio| ratio.value),
            &row["ratio"]["value"],
        );
        let interval = found.ratio.and_then(|ratio| ratio.interval);
        table.interval(
            &is("the ratio's interval"),
            interval,
            &row["ratio"]["interval"],
        );
        paired_and_power(&table, row, &a, &b);
    }
    table.done(1000);
}

fn paired_and_power(table: &Table, row: &Value, a: &[f64], b: &[f64]) {
    let is = |what: &str| format!("{}: {what}", row["name"]);
    let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    let paired = (a.len() == b.len()).then(|| sign_flip(&pairs)).flatten();
    table.number(
        &is("sign-flip p"),
        paired.map(|test: SignFlip| test.p),
        &row["sign_flip"],
    );
    let found = power(a, b, 0.05);
    table.number(
        &is("log sd"),
        found.map(|power| power.log_sd),
        &row["power"]["log_sd"],
    );
    let detectable = found.and_then(|power| power.detectable);
    table.number(&is("detectable"), detectable, &row["power"]["detectable"]);
    for at in 0..3 {
        let needed = found.and_then(|power| power.needed[at].1);
        let what = is(&format!("runs needed, {at}"));
        table.number(
            &what,
            needed.map(|runs| runs as f64),
            &row["power"]["needed"][at],
        );
    }
    // The other way round, what has a side changes it.
    let turned = |found: Option<f64>| found.map(|value| -value);
    table.number(&is("g turned"), turned(hedges(b, a)), &row["hedges"]);
}

#[test]
fn single_numbers() {
    let table = Table::new(include_str!("reference/numbers.json"), 1e-9);
    for row in table.rows("two_sided") {
        let (df, t) = (number(&row[0]).unwrap(), number(&row[1]).unwrap());
        table.number(
            &format!("P(|T| > {t}), {df} df"),
            Some(student::two_sided(t, df)),
            &row[2],
        );
    }
    for row in table.rows("quantiles") {
        let (df, tail) = (number(&row[0]).unwrap(), number(&row[1]).unwrap());
        table.number(
            &format!("t({tail}, {df})"),
            Some(student::quantile(tail, df)),
            &row[2],
        );
    }
    for row in table.rows("shares") {
        let (count, all) = (
            row[0].as_u64().unwrap() as usize,
            row[1].as_u64().unwrap() as usize,
        );
        let ends = Value::from(vec![row[2].clone(), row[3].clone()]);
        table.interval(
            &format!("{count} of {all}"),
            binomial::interval(count, all),
            &ends,
        );
    }
    for row in table.rows("families") {
        let family = row[0].as_array().unwrap();
        let family: Vec<Option<f64>> = family.iter().map(Value::as_f64).collect();
        for (at, adjusted) in holm(&family).into_iter().enumerate() {
            table.number(&format!("Holm, {at} of {family:?}"), adjusted, &row[1][at]);
        }
    }
    table.done(200);
}

fn fitted(runs: &Value, model: Model) -> Fit {
    let run = |run: &Value| (run[0].as_u64().unwrap() as u32, number(&run[1]).unwrap());
    let runs: Vec<(u32, f64)> = runs.as_array().unwrap().iter().map(run).collect();
    fit(&runs, model).unwrap()
}

#[test]
fn curves() {
    let table = Table::new(include_str!("reference/curves.json"), 1e-9);
    for row in table.rows("fits") {
        let model = if row["model"] == "usl" {
            Model::Usl
        } else {
            Model::Amdahl
        };
        let found = fitted(&row["runs"], model);
        let parameters = [Some(found.lambda), Some(found.sigma), found.kappa];
        for (at, parameter) in parameters.into_iter().flatten().enumerate() {
            let is = |what: &str| format!("{}: {what} {at}", row["name"]);
            // Where there is no spread but rounding, an interval is right to a part of the parameter.
            let slack = 1e-8 * parameter.value;
            table.number(
                &is("parameter"),
                Some(parameter.value),
                &row["parameters"][at],
            );
            assert_eq!(
                Some(parameter.at_bound),
                row["at_bound"][at].as_bool(),
                "{}",
                is("bound")
            );
            let ends = parameter.interval.unwrap();
            table.near(&is("low"), Some(ends.low), &row["intervals"][at][0], slack);
            table.near(
                &is("high"),
                Some(ends.high),
                &row["intervals"][at][1],
                slack,
            );
        }
        let band = found.band(number(&row["band"][0]).unwrap()).unwrap();
        table.number(
            &format!("{}: band, low", row["name"]),
            Some(band.low),
            &row["band"][1],
        );
        table.number(
            &format!("{}: band, high", row["name"]),
            Some(band.high),
            &row["band"][2],
        );
        let is = |what: &str| format!("{}: {what}", row["name"]);
        let peak = found.peak;
        table.number(
            &is("peak"),
            peak.and_then(|peak| peak.at),
            &row["peak"]["at"],
        );
        table.number(
            &is("peak, low"),
            peak.map(|peak| peak.low),
            &row["peak"]["low"],
        );
        table.number(
            &is("peak, high"),
            peak.and_then(|peak| peak.high),
            &row["peak"]["high"],
        );
    }
    table.done(100);
}

#[test]
fn curves_that_cross() {
    let table = Table::new(include_str!("reference/curves.json"), 1e-9);
    for row in table.rows("crossings") {
        let (one, other) = (
            fitted(&row["one"], Model::Usl),
            fitted(&row["other"], Model::Usl),
        );
        let (found, sought) = (
            crossings(&one, &other),
            row["crossings"].as_array().unwrap(),
        );
        assert_eq!(found.len(), sought.len(), "{}: {found:?}", row["name"]);
        for (found, sought) in found.iter().zip(sought) {
            table.number(
                &format!("{}: at", row["name"]),
                Some(found.at),
                &sought["at"],
            );
            table.number(&format!("{}: low", row["name"]), found.low, &sought["low"]);
            table.number(
                &format!("{}: high", row["name"]),
                found.high,
                &sought["high"],
            );
            assert_eq!(
                Some(found.first_wins_above),
                sought["first_wins_above"].as_bool()
            );
        }
    }
    table.done(9);
}
