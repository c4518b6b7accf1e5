//! `null_arms` and `success` of a manifest, from the manifest to the record.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::json;
use tg_tests::{Lab, manifest, records};

#[test]
fn the_baseline_runs_once_more_under_another_name() {
    let lab = Lab::new();
    let extra = "baseline: push\nnull_arms: true\nsuccess: {completion_rate: \">= 80\"}\n";
    let text = manifest("tiny-feature", 2, &["swarm", "push"], extra);
    lab.write("m.yaml", &text);
    let made = records(&lab.sh("tg-instantiate m.yaml").ok().out);
    let of = |arm: &str| {
        made.iter()
            .filter(|run| run["run"]["arm"] == arm)
            .collect::<Vec<_>>()
    };
    let (own, again) = (of("push"), of("push-again"));
    assert!(
        !own.is_empty() && own.len() == again.len(),
        "as many runs of each"
    );
    assert_eq!(made.len(), 3 * own.len());
    for (own, again) in own.iter().zip(&again) {
        let (own, again) = (&own["run"], &again["run"]);
        assert_eq!(
            (&again["null_of"], own.get("null_of")),
            (&json!("push"), None)
        );
        for key in [
            "seed",
            "replicate",
            "workflow",
            "agents",
            "inputs",
            "inputs_sha256",
        ] {
            assert_eq!(own[key], again[key], "{key}");
        }
        assert!(
            again["dir"]
                .as_str()
                .unwrap()
                .ends_with(again["id"].as_str().unwrap())
        );
        assert_eq!(
            again["report"]["success"],
            json!({"completion_rate_pct": ">= 80"})
        );
    }
}
