//! What is answered to which path.

use crate::board::Board;
use crate::http::{Request, Response, decoded};
use crate::{page, reports, watcher};
use std::path::Path;
use tg_stage::{rundir, time};

const JSON: &str = "application/json";

/// The answer to `request`, whose path is not that of the events.
pub fn answer(request: &Request, board: &Board, results: &Path) -> Response {
    let found = match request.path.as_str() {
        "/" => Some(page::render(&board.everything(time::now_ms()).text)),
        "/style.css" => Some(Response::ok("text/css; charset=utf-8", page::STYLE)),
        "/watch.js" => Some(Response::ok("text/javascript; charset=utf-8", page::SCRIPT)),
        "/parts.js" => Some(Response::ok("text/javascript; charset=utf-8", page::PARTS)),
        "/api/state" => Some(Response::ok(JSON, board.everything(time::now_ms()).text)),
        path if path.starts_with("/reports/") => report(results, path),
        path => run(board, path),
    };
    found.unwrap_or_else(|| Response::refusal("404 Not Found", "there is nothing here"))
}

/// `/api/runs/EXPERIMENT/RUN`
fn run(board: &Board, path: &str) -> Option<Response> {
    let (experiment, run) = path.strip_prefix("/api/runs/")?.split_once('/')?;
    let key = (decoded(experiment)?, decoded(run)?);
    Some(Response::ok(JSON, board.run(&key, time::now_ms())?))
}

fn report(results: &Path, path: &str) -> Option<Response> {
    let experiments = rundir::experiments(results);
    let all = experiments
        .iter()
        .flat_map(|dir| watcher::reports_of(results, &watcher::name(dir), dir));
    reports::serve(all, path)
}
