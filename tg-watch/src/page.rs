//! The page. Without JavaScript it is a table of all runs; with it, the script replaces the table.

use crate::http::Response;
use serde_json::Value;

/// The page, with a comment in the place of the table's rows.
const PAGE: &str = include_str!("page/index.html");
/// The stylesheet.
pub const STYLE: &str = include_str!("page/style.css");
/// The script that follows the events.
pub const SCRIPT: &str = include_str!("page/watch.js");
/// The script that draws.
pub const PARTS: &str = include_str!("page/parts.js");
/// The media type of the scripts.
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The page loads only its own files, and no other page may frame it.
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
    let text = |key: &str| escaped(run[key].as_str().unwrap_or_default());
    let over = list(&run["tasks"])
        .iter()
        .filter(|entry| matches!(entry["class"].as_str(), Some("success" | "failure")))
        .filter_map(|entry| entry["tasks"].as_u64());
    let (all, over) = (run["task_count"].as_u64(), over.sum::<u64>());
    let tasks = all.map_or_else(String::new, |all| format!("{over} of {all}"));
    let cost = run["cost_usd"].as_f64();
    let cost = cost.map_or_else(String::new, |usd| format!("${usd:.2}"));
    let outcome = ["outcome", "error", "problem"].map(text);
    let outcome = outcome.into_iter().find(|text| !text.is_empty());
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{tasks}</td><td>{cost}</td></tr>\n",
        text("run"),
        text("experiment"),
        text("phase"),
        outcome.unwrap_or_default()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
