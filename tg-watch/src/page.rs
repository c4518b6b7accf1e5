//! The page. Without a script it is a table of how things stand; with one, the script takes over from there.

use crate::http::Response;
use serde_json::Value;

/// The page, with a hole for the table.
const PAGE: &str = include_str!("page/index.html");
/// Its stylesheet.
pub const STYLE: &str = include_str!("page/style.css");
/// Its script: what it does.
pub const SCRIPT: &str = include_str!("page/watch.js");
/// Its script: how things look.
pub const PARTS: &str = include_str!("page/parts.js");

/// Nothing but our own files, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, with the state in `everything` as a table.
pub fn render(everything: &str) -> Response {
    let state: Value = serde_json::from_str(everything).unwrap_or_default();
    let rows: String = list(&state["runs"]).iter().map(row).collect();
    let body = PAGE.replacen("<!-- rows -->", &rows, 1);
    let mut response = Response::ok("text/html; charset=utf-8", body);
    response.policy = Some(POLICY.into());
    response
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn row(run: &Value) -> String {
    let word = |key: &str| escaped(run[key].as_str().unwrap_or_default());
    let over = list(&run["tasks"])
        .iter()
        .filter(|one| matches!(one["class"].as_str(), Some("success" | "failure")))
        .filter_map(|one| one["tasks"].as_u64());
    let tasks = run["task_count"]
        .as_u64()
        .map_or_else(String::new, |all| format!("{} of {all}", over.sum::<u64>()));
    let cost = run["cost_usd"]
        .as_f64()
        .map_or_else(String::new, |usd| format!("${usd:.2}"));
    let how = ["outcome", "error", "problem"]
        .map(word)
        .into_iter()
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{how}</td><td>{tasks}</td><td>{cost}</td></tr>\n",
        word("run"),
        word("experiment"),
        word("phase")
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
