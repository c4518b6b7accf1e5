//! The HTML report of a real experiment, opened in a real browser.
//!
//! Skipped, with a message, where no Chromium is installed; `scripts/install-test-deps` installs it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use tg_tests::browser::Browser;
use tg_tests::{FAST, Lab, manifest, records};

const EVIL: &str = "<script>alert(1)</script>";

/// The widths of a phone, of a screen, and of an A4 page within the margins of the stylesheet.
const VIEWS: [(u32, &str, &str); 5] = [
    (390, "light", "screen"),
    (390, "dark", "screen"),
    (1440, "light", "screen"),
    (1440, "dark", "screen"),
    (688, "light", "print"),
];

/// Elements that reach over the edge of the page or, in print, of a frame that cannot be scrolled there.
const OVERFLOW: &str = "(() => {
  const out = [], page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) out.push(`page ${page.scrollWidth} > ${page.clientWidth}`);
  for (const frame of document.querySelectorAll('.scroll'))
    if (matchMedia('print').matches && frame.scrollWidth > frame.clientWidth + 1)
      out.push(`${frame.scrollWidth} > ${frame.clientWidth}: ${frame.getAttribute('aria-label')}`);
  for (const text of document.querySelectorAll('svg.plot > text')) {
    const own = text.getBoundingClientRect(), plot = text.parentNode.getBoundingClientRect();
    if (own.width && (own.left < plot.left - 2 || own.right > plot.right + 2)) out.push(`text: ${text.textContent}`);
  }
  return out;
})()";

/// Names that run into the numbers beside them.
const COLLISIONS: &str = "(() => {
  const out = [];
  for (const name of document.querySelectorAll('svg .name')) {
    const own = name.getBoundingClientRect();
    for (const note of name.parentNode.querySelectorAll('.note')) {
      const other = note.getBoundingClientRect();
      if (Math.abs(own.top - other.top) < 3 && own.right > other.left && own.left < other.right) out.push(name.textContent);
    }
  }
  return out;
})()";

const FIGURES: &str = "[...document.querySelectorAll('svg')].filter(svg => svg.getAttribute('aria-hidden') !== 'true')
  .map(svg => [svg.getAttribute('role'), svg.getAttribute('aria-label') || '', svg.getBoundingClientRect().width])";

/// A small experiment on the real host, its name replaced by a hostile one, as a page.
fn page(lab: &Lab) -> PathBuf {
    let manifest = manifest(
        "tiny-feature",
        2,
        &["swarm", "push"],
        &format!("runs_per_config: 2\n{FAST}"),
    );
    lab.write("m.yaml", &manifest.replacen("runs_per_config: 1\n", "", 1));
    lab.sh("tg-instantiate m.yaml | tg-launch | tg-wait | tg-export >runs.jsonl")
        .ok();
    let measured = lab.sh("tg-metrics --per agent,task results/test").ok().out;
    let renamed = records(&measured).into_iter().map(|mut record| {
        if record["type"] == "run" {
            record["run"]["experiment"] = EVIL.into();
        }
        record.to_string() + "\n"
    });
    lab.write("renamed.jsonl", &renamed.collect::<String>());
    lab.sh("tg-report --html report.html renamed.jsonl").ok();
    lab.path("report.html")
}

#[test]
fn the_page_of_a_real_experiment() {
    let lab = Lab::new();
    let Some(mut browser) = Browser::start(&lab.path("profile")) else {
        eprintln!("skipped: no Chromium here; scripts/install-test-deps installs it");
        return;
    };
    let page = page(&lab);
    for view in VIEWS {
        browser.open(&page, view);
        for (what, script) in [("overflow", OVERFLOW), ("collisions", COLLISIONS)] {
            assert_eq!(
                browser.value(script),
                Value::Array(Vec::new()),
                "{what} at {view:?}"
            );
        }
        figures(&browser.value(FIGURES));
        assert_eq!(
            browser.value("document.querySelector('h1').textContent"),
            EVIL
        );
        assert_eq!(browser.value("document.scripts.length"), 0);
        quiet(&browser.events, &page);
    }
}

/// Each figure has a text alternative and a size; all figures of a whole experiment are there.
fn figures(found: &Value) {
    let found = found.as_array().expect("a list");
    assert!(found.len() >= 10, "{found:?}");
    for figure in found {
        assert_eq!(figure[0], "img", "{figure}");
        assert!(
            figure[1].as_str().is_some_and(|label| label.len() > 10),
            "{figure}"
        );
        assert!(
            figure[2].as_f64().is_some_and(|width| width > 200.0),
            "{figure}"
        );
    }
}

/// The page wrote nothing to the console, opened no dialog, and requested nothing but itself.
fn quiet(events: &[(String, Value)], page: &Path) {
    let own = format!("file://{}", page.display());
    for (method, params) in events {
        let loud = [
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Page.javascriptDialogOpening",
        ];
        assert!(!loud.contains(&method.as_str()), "{method}: {params}");
        if method == "Network.requestWillBeSent" {
            let url = params["request"]["url"].as_str().unwrap_or_default();
            assert!(url == own || url.starts_with("data:"), "{url}");
        }
    }
    let requests = events
        .iter()
        .filter(|event| event.0 == "Network.requestWillBeSent");
    assert!(
        requests.count() > 0,
        "the page's own request is seen, so others would be"
    );
}

/// The check above fails on a page that breaks these rules.
#[test]
fn a_bad_page_is_detected() {
    let lab = Lab::new();
    let Some(mut browser) = Browser::start(&lab.path("profile")) else {
        eprintln!("skipped: no Chromium here; scripts/install-test-deps installs it");
        return;
    };
    let bad = "<!doctype html><div style='width:2000px'>x</div><img src='file:///nowhere.png'><script>console.error('loud')</script>";
    let page = lab.write("bad.html", bad);
    browser.open(&page, (390, "light", "screen"));
    assert_ne!(browser.value(OVERFLOW), Value::Array(Vec::new()));
    let has = |method: &str, part: &str| {
        browser
            .events
            .iter()
            .any(|event| event.0 == method && event.1.to_string().contains(part))
    };
    assert!(has("Runtime.consoleAPICalled", "loud"));
    assert!(has("Network.requestWillBeSent", "nowhere.png"));
}
