//! `tg-launch mcp`: passes lines between an agent's MCP client and the host's server.
//!
//! Every real agent's server is started through this proxy, in all arms alike, for four reasons:
//! - newer clients ask `server/discover` before `initialize`, at which the host's server exits; the proxy answers
//!   "method not found", as the protocol wants, and the client goes on;
//! - the server ends with its client in every case: at the end of input, and by its parent-death signal if the proxy is killed;
//! - the server gets no variable of the agent's environment, so no secret;
//! - each tool call is recorded (`mcp.jsonl`: time, tool, task, milliseconds, error code; no other argument), as
//!   evidence of what an agent really did, whatever its program prints.

use crate::{kill_tree, own_process, parent_death};
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Result, file, time};

/// The command of a sealed server; `server.json` of an agent.
#[derive(Deserialize)]
struct Server {
    command: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: PathBuf,
}

/// Calls that the server has not answered yet, by their id as JSON.
type OpenCalls = Arc<Mutex<BTreeMap<String, Call>>>;

struct Call {
    tool: String,
    task: Option<String>,
    at_ms: i64,
    since: Instant,
}

/// Passes lines between the client and the server described in `described`, until one of them has ended.
pub fn run(described: &Path) -> Result<Exit> {
    let mut child = spawn(described)?;
    let (Some(mut to_server), Some(from_server)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::outside("mcp", "the server has no pipes"));
    };
    let trace = described.with_file_name("mcp.jsonl");
    let trace = File::options()
        .create(true)
        .append(true)
        .open(&trace)
        .map_err(file_error(&trace))?;
    let open = OpenCalls::default();
    let answers = thread::spawn({
        let open = open.clone();
        move || pass_answers(from_server, &open, &trace)
    });
    let mut client = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut line = Vec::new();
    while read_line(&mut client, &mut line) && pass_request(&line, &mut to_server, &open) {}
    drop(to_server);
    end_server(&mut child);
    let _ = answers.join();
    Ok(Exit::Done)
}

/// Starts the server through this program: only a process itself can ask for a parent-death signal, and the signal stays
/// set when the process becomes the server.
fn spawn(described: &Path) -> Result<Child> {
    own_process::this_program()?
        .arg("mcp-server")
        .arg(described)
        .arg(format!("--parent={}", std::process::id()))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| Error::outside("tg-launch mcp-server", cause))
}

/// `tg-launch mcp-server`: becomes the server that `described` describes, and is ended when `parent` exits.
pub fn become_server(described: &Path, parent: u32) -> Result<Exit> {
    let wrong = |cause: &dyn std::fmt::Display| Error::usage(described.display(), cause);
    let server: Server =
        serde_json::from_str(&file::read(described)?).map_err(|cause| wrong(&cause))?;
    parent_death::signal_on_exit_of(parent, Signal::TERM)?;
    let mut command = Command::new(&server.command);
    command
        .args(&server.args)
        .envs(&server.env)
        .current_dir(&server.cwd);
    Err(Error::outside(server.command.display(), command.exec()))
}

/// Reads the next line; false at the end of input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    input.read_until(b'\n', line).is_ok_and(|length| length > 0)
}

/// The parts of a message that the proxy reads; the line itself is passed on byte by byte.
#[derive(Deserialize)]
struct Message {
    id: Option<Value>,
    method: Option<String>,
    params: Option<Value>,
    result: Option<Value>,
    error: Option<Value>,
}

/// Passes a line of the client on; false when the server no longer reads.
fn pass_request(line: &[u8], server: &mut impl Write, open: &OpenCalls) -> bool {
    if let Ok(Message {
        id: Some(id),
        method: Some(method),
        params,
        ..
    }) = serde_json::from_slice(line)
    {
        if method == "server/discover" {
            let error = json!({"code": -32601, "message": "Method not found"});
            let answer = json!({"jsonrpc": "2.0", "id": id, "error": error});
            return print(format!("{answer}\n").as_bytes());
        }
        if let (true, Some(params)) = (method == "tools/call", params) {
            let call = Call {
                tool: params["name"].as_str().unwrap_or_default().into(),
                task: params["arguments"]["task"].as_str().map(String::from),
                at_ms: time::now_ms(),
                since: Instant::now(),
            };
            open.lock()
                .map(|mut open| open.insert(id.to_string(), call))
                .ok();
        }
    }
    server.write_all(line).and_then(|()| server.flush()).is_ok()
}

/// Writes a line to the client; false when it no longer reads.
fn print(line: &[u8]) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(line).and_then(|()| out.flush()).is_ok()
}

/// Passes the server's lines on, and then records its answers to calls: the client is waiting, so it comes first.
fn pass_answers(server: impl Read, open: &OpenCalls, mut trace: &File) {
    let mut server = BufReader::with_capacity(1 << 16, server);
    let mut line = Vec::new();
    while read_line(&mut server, &mut line) {
        let now = Instant::now();
        if !print(&line) {
            return;
        }
        let Ok(Message {
            id: Some(id),
            method: None,
            result,
            error,
            ..
        }) = serde_json::from_slice(&line)
        else {
            continue;
        };
        let call = open
            .lock()
            .ok()
            .and_then(|mut open| open.remove(&id.to_string()));
        let Some(call) = call else { continue };
        let ms = (now - call.since).as_secs_f64() * 1000.0;
        let mut entry = json!({"at_ms": call.at_ms, "tool": call.tool, "task": call.task, "ms": (ms * 100.0).round() / 100.0});
        if let Some(code) = error_code(result.as_ref(), error.as_ref()) {
            entry["error"] = code.into();
        }
        let _ = trace.write_all(format!("{entry}\n").as_bytes()); // one write: several servers of an agent may share the file
    }
}

/// The host's error code, if an answer is an error.
fn error_code(result: Option<&Value>, error: Option<&Value>) -> Option<String> {
    if let Some(error) = error {
        return Some(error["code"].to_string());
    }
    let result = result.filter(|result| result["isError"] == true)?;
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    if text.contains("database is locked") {
        return Some("database is locked".into());
    }
    let content: Value = serde_json::from_str(text).unwrap_or_default();
    Some(content["code"].as_str().unwrap_or("error").into())
}

/// Ends the server after its client: it exits by itself at the end of its input, or is signalled.
fn end_server(child: &mut Child) {
    for (patience, signal) in [(1000, Signal::TERM), (1000, Signal::KILL)] {
        let begun = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_millis(patience) {
                kill_tree::signal(child.id(), signal);
                break;
            }
            sleep(Duration::from_millis(5));
        }
    }
    let _ = child.wait();
}
