//! A real experiment, seen in a real browser while it runs.
//!
//! Skipped, with a message, where no Chromium is installed; `scripts/install-test-deps` installs it. With
//! `TG_SCREENSHOTS=DIR` it leaves pictures there.

use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_tests::browser::Browser;
use tg_tests::watching::{Watching, thousand};
use tg_tests::{Lab, manifest};

const VIEWS: [(u32, &str, &str); 4] = [
    (390, "light", "screen"),
    (390, "dark", "screen"),
    (1440, "light", "screen"),
    (1440, "dark", "screen"),
];

/// Records the text of a run's card whenever the page changes.
const RECORDER: &str = "(() => {
  window.seen = {}; window.mark = 'never loaded again';
  const look = () => {
    for (const card of document.querySelectorAll('.run')) {
      const own = (window.seen[card.dataset.run] ??= {bars: [], phases: [], gauges: [], states: [], lanes: 0});
      const add = (list, text) => { if (list.at(-1)?.[1] !== text) list.push([Date.now(), text]); };
      add(own.bars, card.querySelector('.bar').getAttribute('aria-label'));
      add(own.phases, card.querySelector('.phase b')?.textContent ?? '');
      add(own.gauges, [...card.querySelectorAll('.agents meter')].map((meter) => meter.value.toFixed(2)).join(' '));
      add(own.states, [...card.querySelectorAll('.agents li')].map((item) => item.className).join(' '));
      own.lanes = card.querySelectorAll('.lanes rect').length;
    }
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})()";

const OVERFLOW: &str = "(() => {
  const page = document.documentElement, out = [];
  if (page.scrollWidth > page.clientWidth) out.push(`page ${page.scrollWidth} > ${page.clientWidth}`);
  for (const node of document.querySelectorAll('main *:not(svg *)')) {
    const box = node.getBoundingClientRect();
    if (box.right > page.clientWidth + 1 && !node.closest('.scroll, .sr')) out.push(node.className || node.tagName);
  }
  return out;
})()";

/// The page for a screen reader and a keyboard: every element has a name.
const NAMELESS: &str = "(() => {
  const out = [];
  for (const svg of document.querySelectorAll('svg')) if (!svg.getAttribute('aria-label')) out.push('svg');
  for (const meter of document.querySelectorAll('meter')) if (!meter.getAttribute('aria-label')) out.push('meter');
  for (const region of document.querySelectorAll('section, [role=region]')) if (!region.getAttribute('aria-label')) out.push('region');
  if (document.querySelectorAll('main, h1').length !== 2) out.push('landmarks');
  return out;
})()";

#[test]
fn a_run_is_seen_to_appear_to_move_and_to_end() {
    let lab = Lab::new();
    let Some(mut browser) = Browser::start(&lab.path("profile")) else {
        eprintln!("skipped: no Chromium here; scripts/install-test-deps installs it");
        return;
    };
    let watching = Watching::start(&lab, "results");
    let more = "stand_in: {time_scale: 0.003, poll_ms: 50}\nlimits: {timeout: 90s, stall: 60s}\n";
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["swarm", "push"], more),
    );
    browser.view(VIEWS[2]);
    browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({"source": RECORDER}),
    );
    browser.go(&watching.url());
    assert_eq!(browser.value("document.querySelectorAll('.run').length"), 0);
    let mut chain =
        lab.start("tg-instantiate m.yaml | tg-launch -j 2 | tg-wait | tg-export >runs.jsonl");
    wait(&mut browser, "window.seen['swarm-r1']?.bars.length >= 4");
    for view in VIEWS {
        browser.view(view);
        sleep(Duration::from_millis(300));
        fits(&mut browser, view);
        browser.picture(&format!("running-{}-{}.png", view.0, view.1));
    }
    let both_ended = "['swarm-r1', 'push-r1'].every((run) => window.seen[run]?.phases.at(-1)[1] === 'completed')";
    wait(&mut browser, both_ended);
    assert_eq!(chain.wait().expect("the chain").code(), Some(0));
    assert_eq!(browser.value("window.mark"), "never loaded again");
    let mut late = Vec::new();
    for run in ["swarm-r1", "push-r1"] {
        let seen = browser.value(&format!("window.seen['{run}']"));
        moved(run, &seen);
        late.extend(latencies(&lab, run, &seen));
    }
    println!("{}", described(late));
    for view in VIEWS {
        browser.view(view);
        fits(&mut browser, view);
        browser.picture(&format!("ended-{}-{}.png", view.0, view.1));
    }
    quiet(&browser, &watching.url());
}

/// A thousand runs are a page that can be used; without a script it is a table.
#[test]
fn a_thousand_runs_with_and_without_a_script() {
    let lab = Lab::new();
    let Some(mut browser) = Browser::start(&lab.path("profile")) else {
        eprintln!("skipped: no Chromium here; scripts/install-test-deps installs it");
        return;
    };
    thousand(&lab);
    lab.sh("tg-report --html results/test/report.html runs.jsonl");
    let watching = Watching::start(&lab, "results");
    let begun = Instant::now();
    browser.view(VIEWS[0]);
    browser.go(&watching.url());
    wait(
        &mut browser,
        "document.querySelectorAll('tbody tr').length > 50",
    );
    println!("1000 runs are on the page after {:?}", begun.elapsed());
    fits(&mut browser, VIEWS[0]);
    let rows = "document.querySelectorAll('.experiment tbody tr').length";
    assert_eq!(browser.value(rows), 100, "the other rows are collapsed");
    browser.value("document.querySelector('.more').click()");
    assert_eq!(browser.value(rows), 300);
    browser.view(VIEWS[2]);
    browser.picture("thousand-1440.png");
    let tab = json!({"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
    let focus = "document.activeElement.className";
    browser.call("Input.dispatchKeyEvent", &tab);
    assert_eq!(
        browser.value(focus),
        "skip",
        "the keyboard comes to the runs at once"
    );
    quiet(&browser, &watching.url());
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    browser.go(&watching.url());
    browser.picture("static-1440.png");
    let static_rows = "document.querySelectorAll('#static tbody tr').length";
    assert_eq!(browser.value(static_rows), 1000);
    let first = browser.value("document.querySelector('#static tbody tr').innerText");
    let first = first.as_str().unwrap_or_default();
    assert!(
        first.starts_with("swarm-r1\ttest\tended\tcompleted\t4 of 4\t$"),
        "{first}"
    );
}

fn fits(browser: &mut Browser, view: (u32, &str, &str)) {
    for (what, script) in [("overflow", OVERFLOW), ("nameless", NAMELESS)] {
        let found = browser.value(script);
        assert_eq!(found, Value::Array(Vec::new()), "{what} at {view:?}");
    }
}

fn wait(browser: &mut Browser, expression: &str) {
    let begun = Instant::now();
    while browser.value(&format!("Boolean({expression})")) != true {
        if begun.elapsed() > Duration::from_secs(90) {
            let page = "[document.hidden, document.body.innerText, JSON.stringify(window.seen)]";
            panic!(
                "{expression}: {:#}\n{:?}",
                browser.value(page),
                browser.events
            );
        }
        sleep(Duration::from_millis(50));
    }
}

/// The bar moved, the gauges and the states of agents changed, lanes grew.
fn moved(run: &str, seen: &Value) {
    let changes = |list: &str| seen[list].as_array().map_or(0, Vec::len);
    assert!(
        changes("bars") >= 6,
        "{run}: the bar moves: {}",
        seen["bars"]
    );
    assert!(changes("gauges") >= 5, "{run}: {}", seen["gauges"]);
    assert!(changes("states") >= 3, "{run}: {}", seen["states"]);
    assert!(
        seen["lanes"].as_u64() >= Some(10),
        "{run}: {}",
        seen["lanes"]
    );
    assert!(seen["states"].to_string().contains("working"), "{run}");
}

/// From the host's own time of a change that ended a task, to the moment its bar had moved so far.
fn latencies(lab: &Lab, run: &str, seen: &Value) -> Vec<i64> {
    let db = lab.db(&format!("results/test/{run}/tasks.db"));
    let sql = "SELECT timestamp FROM task_sequence WHERE status = 'completed' AND (reason IS NULL OR reason NOT LIKE 'auto%')
               AND task_id NOT IN (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY timestamp";
    let mut query = db.prepare(sql).expect("a query");
    let ends = query.query_map([], |row| row.get::<_, i64>(0));
    let ends: Vec<i64> = ends
        .expect("rows")
        .map(|end| end.expect("a time"))
        .collect();
    let bars = seen["bars"].as_array().expect("a list");
    let shown = |bar: &Value| {
        let text = bar[1].as_str().unwrap_or_default();
        let over = text.split(": ").nth(1)?.split(' ').next()?;
        over.parse::<usize>().ok()
    };
    let when = |over: usize| {
        let bar = bars.iter().find(|bar| shown(bar) >= Some(over))?;
        bar[0].as_i64()
    };
    let late = |(place, end): (usize, &i64)| Some(when(place + 1)? - end);
    ends.iter().enumerate().filter_map(late).collect()
}

fn described(mut late: Vec<i64>) -> String {
    late.sort_unstable();
    assert!(late.len() >= 10, "{late:?}");
    format!(
        "from a commit to the page: median {} ms, 90th percentile {} ms, max {} ms, n {}",
        late[late.len() / 2],
        late[late.len() * 9 / 10],
        late[late.len() - 1],
        late.len()
    )
}

/// Nothing on the console, no request to another server.
fn quiet(browser: &Browser, own: &str) {
    for (method, params) in &browser.events {
        let loud = [
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Page.javascriptDialogOpening",
        ];
        assert!(!loud.contains(&method.as_str()), "{method}: {params}");
        if method == "Network.requestWillBeSent" {
            let url = params["request"]["url"].as_str().unwrap_or_default();
            assert!(url.starts_with(own) || url.starts_with("data:"), "{url}");
        }
    }
}
