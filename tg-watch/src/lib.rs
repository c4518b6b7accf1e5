//! A live view of experiments in the browser, which nobody who works in them notices.
//!
//! One thread looks (`watcher`, `follow`) and puts what it sees on a board; a thread for each browser reads from it
//! (`events`, `routes`). So what a browser does, or how many there are, changes nothing about how often a database is
//! looked into.

mod args;
mod arms;
mod board;
mod counters;
mod events;
mod follow;
mod guard;
mod http;
mod notices;
mod page;
mod reports;
mod routes;
mod view;
mod watcher;

pub use args::Args;

use board::Board;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tg_stage::{Error, Exit, Result, say};

/// Connections at once; one more is told to come again.
const MOST: usize = 256;
/// What a browser's thread needs for itself.
const STACK: usize = 256 << 10;

/// Serve the page until the process is ended.
pub fn run(args: &Args) -> Result<Exit> {
    let results = args.results.canonicalize();
    let results = results.map_err(tg_stage::error::file_error(&args.results))?;
    if !results.is_dir() {
        return Err(Error::usage(args.results.display(), "is no directory")
            .hint("give the directory that an experiment writes its runs to: results"));
    }
    let listener = TcpListener::bind(args.listen).map_err(|cause| {
        Error::outside(args.listen, cause).hint("tg-watch --listen 127.0.0.1:0")
    })?;
    let ours = listener
        .local_addr()
        .map_err(|cause| Error::outside(args.listen, cause))?;
    let _ = rustix::process::nice(10); // those who work go first
    let board = Arc::new(Board::default());
    let watcher_board = Arc::clone(&board);
    let watched = results.clone();
    thread::spawn(move || watcher::Watcher::new(&watched, &watcher_board).run());
    if !ours.ip().is_loopback() {
        say(format_args!(
            "tg-watch: anybody who can reach {ours} can read titles, thoughts and reports"
        ));
    }
    say(format_args!("tg-watch: http://{ours}/"));
    serve(&listener, ours, &board, &results.into())
}

fn serve(
    listener: &TcpListener,
    ours: SocketAddr,
    board: &Arc<Board>,
    results: &Arc<Path>,
) -> Result<Exit> {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(50)); // out of descriptors, or a browser that changed its mind
            continue;
        };
        if open.fetch_add(1, Ordering::Relaxed) >= MOST {
            open.fetch_sub(1, Ordering::Relaxed);
            let words = "too many browsers at once";
            let _ = refuse_at_once(
                &mut stream,
                &http::Response::refusal("503 Service Unavailable", words),
            );
            continue;
        }
        let (board, results, open_here) =
            (Arc::clone(board), Arc::clone(results), Arc::clone(&open));
        let begun = thread::Builder::new().stack_size(STACK).spawn(move || {
            let _ = converse(&mut stream, ours, &board, &results); // a browser that went is no fault of ours
            open_here.fetch_sub(1, Ordering::Relaxed);
        });
        if begun.is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn refuse_at_once(stream: &mut TcpStream, refusal: &http::Response) -> std::io::Result<()> {
    stream.set_nonblocking(true)?; // nobody's slowness is to keep others from being accepted
    http::send(stream, refusal, true)
}

fn converse(
    stream: &mut TcpStream,
    ours: SocketAddr,
    board: &Board,
    results: &Path,
) -> std::io::Result<()> {
    let request = match http::read(stream) {
        Ok(request) => request,
        Err(Some(refusal)) => return http::send(stream, &refusal, true),
        Err(None) => return Ok(()),
    };
    let with_body = request.method != "HEAD";
    if let Some(refusal) = guard::refuse(&request, ours) {
        return http::send(stream, &refusal, with_body);
    }
    if request.path == "/events" && with_body {
        return events::stream(stream, board);
    }
    http::send(stream, &routes::answer(&request, board, results), with_body)
}
