//! A live view of experiments in the browser, without an effect on the experiments.
//!
//! One thread reads runs (`watcher`, `followed_run`) and puts their state on a board; a thread for each browser reads from
//! it (`server`). So neither the number of browsers nor their requests change how often a database is read.

mod args;
mod board;
mod counters;
mod dir_watch;
mod experiment_view;
mod followed_run;
mod guard;
mod http;
mod page;
mod reports;
mod run_view;
mod server;
mod watcher;

pub use args::Args;

use board::Board;
use server::Server;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use tg_stage::{Error, Exit, Result, say};
use watcher::Watcher;

/// Serves the page until the process is ended.
pub fn run(args: &Args) -> Result<Exit> {
    let results = args.results.canonicalize();
    let results = results.map_err(tg_stage::error::file_error(&args.results))?;
    if !results.is_dir() {
        return Err(Error::usage(args.results.display(), "is not a directory")
            .hint("give the directory that an experiment writes its runs to: results"));
    }
    let failed = |cause| Error::outside(args.listen, cause);
    let listener = TcpListener::bind(args.listen)
        .map_err(|cause| failed(cause).hint("tg-watch --listen 127.0.0.1:0"))?;
    let address = listener.local_addr().map_err(failed)?;
    let _ = rustix::process::nice(10); // the agents' processes go first
    let board = Arc::new(Board::default());
    let (watched, watcher_board) = (results.clone(), Arc::clone(&board));
    thread::spawn(move || Watcher::new(&watched, &watcher_board).run());
    if !address.ip().is_loopback() {
        say(format_args!(
            "tg-watch: everyone who can reach {address} can read titles, thoughts and reports"
        ));
    }
    say(format_args!("tg-watch: http://{address}/"));
    let server = Server {
        address,
        board,
        results: results.into(),
    };
    server.serve(&listener)
}
