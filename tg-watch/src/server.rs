//! The server: a thread for each browser, with the answers to its requests or a stream of events.

use crate::board::Board;
use crate::http::{self, Request, Response, decoded};
use crate::{guard, page, reports};
use std::io::Result;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;
use tg_stage::{Experiment, time};

/// The most connections at once; one more is refused.
const MOST: usize = 256;
/// The stack of a browser's thread, in bytes.
const STACK: usize = 256 << 10;
/// Changes that come closer together are sent together.
const TOGETHER: Duration = Duration::from_millis(15);
/// The longest time without an event, after which the connection is tested.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

const JSON: &str = "application/json";

/// The state that the threads of all browsers share.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    pub board: Arc<Board>,
    pub results: Arc<Path>,
}

impl Server {
    /// Accepts browsers until the process is ended.
    pub fn serve(&self, listener: &TcpListener) -> ! {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            let Ok((mut stream, _)) = listener.accept() else {
                sleep(Duration::from_millis(50)); // no descriptors are left, or the browser has gone
                continue;
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MOST {
                open.fetch_sub(1, Ordering::Relaxed);
                let words = "too many browsers at once";
                let refusal = Response::refusal("503 Service Unavailable", words);
                // A slow browser must not keep others from being accepted.
                if stream.set_nonblocking(true).is_ok() {
                    let _ = http::send(&mut stream, &refusal, true);
                }
                continue;
            }
            let (server, open_here) = (self.clone(), Arc::clone(&open));
            let started = thread::Builder::new().stack_size(STACK).spawn(move || {
                let _ = server.answer_browser(&mut stream); // fails if the browser has gone
                open_here.fetch_sub(1, Ordering::Relaxed);
            });
            if started.is_err() {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    fn answer_browser(&self, stream: &mut TcpStream) -> Result<()> {
        let request = match http::read(stream) {
            Ok(request) => request,
            Err(Some(refusal)) => return http::send(stream, &refusal, true),
            Err(None) => return Ok(()),
        };
        let with_body = request.method != "HEAD";
        let refusal = guard::refusal(&request, self.address);
        if refusal.is_none() && request.path == "/events" && with_body {
            return self.stream_events(stream);
        }
        let response = refusal.unwrap_or_else(|| self.answer(&request));
        http::send(stream, &response, with_body)
    }

    fn answer(&self, request: &Request) -> Response {
        let everything = || self.board.everything(time::now_ms()).text;
        let found = match request.path.as_str() {
            "/" => Some(page::render(&everything())),
            "/style.css" => Some(Response::ok("text/css; charset=utf-8", page::STYLE)),
            "/watch.js" => Some(Response::ok(page::JAVASCRIPT, page::SCRIPT)),
            "/parts.js" => Some(Response::ok(page::JAVASCRIPT, page::PARTS)),
            "/api/state" => Some(Response::ok(JSON, everything())),
            path if path.starts_with("/reports/") => self.report(path),
            path => self.run(path),
        };
        found.unwrap_or_else(|| Response::refusal("404 Not Found", "there is nothing here"))
    }

    /// `/api/runs/EXPERIMENT/RUN`
    fn run(&self, path: &str) -> Option<Response> {
        let (experiment, run) = path.strip_prefix("/api/runs/")?.split_once('/')?;
        let key = (decoded(experiment)?, decoded(run)?);
        Some(Response::ok(JSON, self.board.run(&key, time::now_ms())?))
    }

    fn report(&self, path: &str) -> Option<Response> {
        let experiments = Experiment::all_in(&self.results).into_iter();
        let all = experiments.flat_map(|one| reports::of_experiment(&self.results, &one));
        reports::serve(all, path)
    }

    /// Sends everything, then changes as fast as the browser accepts them, until it goes.
    fn stream_events(&self, stream: &mut TcpStream) -> Result<()> {
        http::begin_events(stream)?;
        let mut sent = self.board.everything(time::now_ms());
        http::send_event(stream, "all", &sent.text)?;
        loop {
            sleep(TOGETHER);
            let update = self.board.update(sent.change, time::now_ms(), KEEP_ALIVE);
            if let Some(update) = update {
                http::send_event(stream, "some", &update.text)?;
                sent = update;
            } else {
                http::send_nothing(stream)?;
            }
        }
    }
}
