//! A contrast of an arm with the baseline, with every number of the engine.

use super::values::{array, interval, number};
use crate::contrast::{Contrast, Families, Family, FamilyName, Finding};
use crate::stats::{LeaveOneOut, Left, Power, Rank, Ratio, Side, SignFlip, Verdict, Welch};
use serde_json::{Value, json};

pub fn families(families: &Families) -> Value {
    let family =
        |family: &Family| json!({"m": family.m, "alpha": family.alpha, "correction": "Holm"});
    json!({"verdict": family(&families.verdict), "exploratory": family(&families.exploratory)})
}

pub fn contrast(own: &Contrast) -> Value {
    let versus = own.versus.as_ref();
    let verdict = own.verdict.as_ref();
    json!({
        "family": own.family.map(FamilyName::name),
        "finding": own.finding.as_ref().map(finding),
        "p": {
            "test": verdict.map(|verdict| verdict.test.name()),
            "raw": verdict.map(|verdict| verdict.p),
            "adjusted": own.adjusted,
            "floor": verdict.map(|verdict| verdict.floor),
            "at_floor": verdict.map(Verdict::is_at_floor),
            "level": own.level,
            "needed": own.needed,
            "welch_adjusted": own.welch_adjusted,
        },
        "difference": own.difference().map(number),
        "welch": versus.and_then(|versus| versus.welch.as_ref()).map(welch),
        "rank": versus.map(|versus| rank(&versus.rank)),
        "permutation_p": versus.and_then(|versus| versus.permutation),
        "sign_flip": versus.and_then(|versus| versus.sign_flip.as_ref()).map(sign_flip),
        "pairs": array(&own.pairs, |pair| json!([number(pair.0), number(pair.1)])),
        "cliffs_delta": versus.map(|versus| versus.cliff),
        "hedges_g": versus.and_then(|versus| versus.hedges),
        "ratio": own.ratio().map(ratio),
        "power": versus.and_then(|versus| versus.power.as_ref()).map(power),
        "leave_one_out": own.leave_one_out.as_ref().map(leave_one_out),
        "within_noise": own.within_noise,
    })
}

fn finding(finding: &Finding) -> Value {
    let kind = finding.name();
    match finding {
        Finding::Difference(way) | Finding::RestsOnNormality(way) => {
            json!({"kind": kind, "higher": way.is_higher, "better": way.is_better})
        }
        Finding::Refused(keys) => json!({"kind": kind, "keys": keys}),
        Finding::NotShown | Finding::NoData => json!({"kind": kind}),
    }
}

fn welch(welch: &Welch) -> Value {
    json!({"t": welch.t, "df": welch.df, "p": welch.p, "interval": interval(Some(welch.interval))})
}

fn rank(rank: &Rank) -> Value {
    json!({"u": number(rank.u), "p": rank.p, "floor": rank.floor, "exact": rank.exact})
}

fn sign_flip(test: &SignFlip) -> Value {
    json!({"pairs": test.pairs, "p": test.p, "floor": test.floor})
}

fn ratio(ratio: Ratio) -> Value {
    json!({"value": number(ratio.value), "interval": interval(ratio.interval)})
}

fn power(power: &Power) -> Value {
    json!({
        "log_sd": power.log_sd,
        "detectable_ratio": power.detectable,
        "needed": array(&power.needed, |(ratio, runs)| json!({"ratio": ratio, "runs_per_arm": runs})),
    })
}

fn leave_one_out(all: &LeaveOneOut) -> Value {
    let flip = |left: &Left| {
        let side = match left.side {
            Side::Baseline => "baseline",
            Side::Arm => "arm",
            Side::Pair => "pair",
        };
        json!({"side": side, "at": left.at, "p": left.p})
    };
    json!({
        "tried": all.tried,
        "too_few": all.too_few,
        "flips": array(&all.flips, flip),
    })
}
