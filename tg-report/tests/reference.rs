//! Every number of the statistics against tables made by `reference/make.py`: to a relative 1e-9, exactly where the
//! table says 0, and undefined exactly where it says null.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::cell::RefCell;
use tg_report::stats::curve::{Fit, Model, crossings, fit};
use tg_report::stats::{
    Interval, SignFlip, binomial, describe, hedges, holm, power, sign_flip, student, versus,
};

/// A table, with the number of comparisons made so far and the messages of those that failed.
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

    /// Compares a number with the table; null is `None`.
    fn number(&self, what: &str, found: Option<f64>, table: &Value) {
        self.near(what, found, table, 0.0);
    }

    /// Compares a number with the table and allows an absolute error of `slack`.
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
        let (low, high) = (found.map(|ends| ends.low), found.map(|ends| ends.high));
        self.number(&format!("{what}, low"), low, &table[0]);
        self.number(&format!("{what}, high"), high, &table[1]);
    }

    fn done(&self, least: usize) {
        let (wrong, compared) = (self.wrong.borrow(), *self.compared.borrow());
        assert!(
            wrong.is_empty(),
            "{} wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(compared >= least, "{compared} compared");
    }
}

/// A number from the table, where numbers are text so that they are not rounded.
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
        let number = |what: &str, found: Option<f64>, sought: &Value| {
            table.number(&format!("{}: {what}", row["name"]), found, sought);
        };
        let interval = |what: &str, found: Option<Interval>, sought: &Value| {
            table.interval(&format!("{}: {what}", row["name"]), found, sought);
        };
        for (name, values) in [("of_a", &a), ("of_b", &b)] {
            let (found, row) = (describe(values).unwrap(), &row[name]);
            number("mean", Some(found.mean), &row["mean"]);
            number("sd", found.sd, &row["sd"]);
            number("median", Some(found.median), &row["median"]);
            interval("the mean's interval", found.interval, &row["interval"]);
        }
        let found = versus(&a, &b, None, 0.05).unwrap();
        number("difference", found.difference, &row["difference"]);
        let (welch, of_welch) = (found.welch, &row["welch"]);
        number("t", welch.map(|test| test.t), &of_welch["t"]);
        number("df", welch.map(|test| test.df), &of_welch["df"]);
        number("Welch's p", welch.map(|test| test.p), &of_welch["p"]);
        let ends = welch.map(|test| test.interval);
        interval("Welch's interval", ends, &of_welch["interval"]);
        number("U", Some(found.rank.u), &row["rank"]["u"]);
        number("rank p", Some(found.rank.p), &row["rank"]["p"]);
        number("floor", Some(found.rank.floor), &row["rank"]["floor"]);
        number("permutation p", found.permutation, &row["permutation"]);
        number("delta", Some(found.cliff), &row["cliff"]);
        number("g", found.hedges, &row["hedges"]);
        let (ratio, of_ratio) = (found.ratio, &row["ratio"]);
        number("ratio", ratio.map(|ratio| ratio.value), &of_ratio["value"]);
        let ends = ratio.and_then(|ratio| ratio.interval);
        interval("the ratio's interval", ends, &of_ratio["interval"]);

        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        let paired = (a.len() == b.len()).then(|| sign_flip(&pairs)).flatten();
        let p = paired.map(|test: SignFlip| test.p);
        number("sign-flip p", p, &row["sign_flip"]);
        let (found, row_power) = (power(&a, &b, 0.05), &row["power"]);
        let log_sd = found.map(|power| power.log_sd);
        number("log sd", log_sd, &row_power["log_sd"]);
        let detectable = found.and_then(|power| power.detectable);
        number("detectable", detectable, &row_power["detectable"]);
        for at in 0..3 {
            let needed = found.and_then(|power| power.needed[at].1);
            let needed = needed.map(|runs| runs as f64);
            let what = format!("runs needed, {at}");
            number(&what, needed, &row_power["needed"][at]);
        }
        // With the samples exchanged, values with a sign change it.
        let turned = hedges(&b, &a).map(|value| -value);
        number("g turned", turned, &row["hedges"]);
    }
    table.done(1000);
}

#[test]
fn single_numbers() {
    let table = Table::new(include_str!("reference/numbers.json"), 1e-9);
    for row in table.rows("two_sided") {
        let (df, t) = (number(&row[0]).unwrap(), number(&row[1]).unwrap());
        let found = student::two_sided(t, df);
        table.number(&format!("P(|T| > {t}), {df} df"), Some(found), &row[2]);
    }
    for row in table.rows("quantiles") {
        let (df, tail) = (number(&row[0]).unwrap(), number(&row[1]).unwrap());
        let found = student::quantile(tail, df);
        table.number(&format!("t({tail}, {df})"), Some(found), &row[2]);
    }
    for row in table.rows("shares") {
        let [count, all] = [0, 1].map(|at| row[at].as_u64().unwrap() as usize);
        let ends = Value::from(vec![row[2].clone(), row[3].clone()]);
        let found = binomial::interval(count, all);
        table.interval(&format!("{count} of {all}"), found, &ends);
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
        let is = |what: &str| format!("{}: {what}", row["name"]);
        let is_usl = row["model"] == "usl";
        let model = if is_usl { Model::Usl } else { Model::Amdahl };
        let found = fitted(&row["runs"], model);
        let parameters = [Some(found.lambda), Some(found.sigma), found.kappa];
        for (at, parameter) in parameters.into_iter().flatten().enumerate() {
            // Without spread except rounding, an interval is right to a part of the parameter.
            let (value, slack) = (parameter.value, 1e-8 * parameter.value);
            let what = |what: &str| is(&format!("{what} {at}"));
            table.number(&what("parameter"), Some(value), &row["parameters"][at]);
            let at_bound = row["at_bound"][at].as_bool();
            assert_eq!(Some(parameter.at_bound), at_bound, "{}", what("bound"));
            let (ends, sought) = (parameter.interval.unwrap(), &row["intervals"][at]);
            table.near(&what("low"), Some(ends.low), &sought[0], slack);
            table.near(&what("high"), Some(ends.high), &sought[1], slack);
        }
        let band = found.band(number(&row["band"][0]).unwrap()).unwrap();
        table.number(&is("band, low"), Some(band.low), &row["band"][1]);
        table.number(&is("band, high"), Some(band.high), &row["band"][2]);
        let (peak, sought) = (found.peak, &row["peak"]);
        let high = peak.and_then(|peak| peak.high);
        table.number(&is("peak"), peak.and_then(|peak| peak.at), &sought["at"]);
        table.number(&is("peak, low"), peak.map(|peak| peak.low), &sought["low"]);
        table.number(&is("peak, high"), high, &sought["high"]);
    }
    table.done(100);
}

#[test]
fn curves_that_cross() {
    let table = Table::new(include_str!("reference/curves.json"), 1e-9);
    for row in table.rows("crossings") {
        let is = |what: &str| format!("{}: {what}", row["name"]);
        let [first, second] = ["one", "other"].map(|key| fitted(&row[key], Model::Usl));
        let found = crossings(&first, &second);
        let sought = row["crossings"].as_array().unwrap();
        assert_eq!(found.len(), sought.len(), "{}: {found:?}", row["name"]);
        for (found, sought) in found.iter().zip(sought) {
            table.number(&is("at"), Some(found.at), &sought["at"]);
            table.number(&is("low"), found.low, &sought["low"]);
            table.number(&is("high"), found.high, &sought["high"]);
            let first_wins_above = sought["first_wins_above"].as_bool();
            assert_eq!(Some(found.first_wins_above), first_wins_above);
        }
    }
    table.done(9);
}
