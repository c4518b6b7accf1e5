//! A client of the host over stdio: JSON-RPC, one line per message.
//!
//! It uses no SDK: the protocol is frozen per host version, a call takes 0.2 ms, and the official SDK costs 62 crates and
//! a minute of build. One thread reads; a request waits for the answer with its number. The server is a child in the
//! caller's process group and is killed when the client is dropped: servers may outlive their stdin.

use crate::error::{Error, Result, last_words};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest time until an answer.
const ANSWER: Duration = Duration::from_mins(1);

/// Bytes that are kept of the server's stderr.
const KEPT: u64 = 4096;

/// A connection to a server that it started.
pub struct Client {
    server: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    number: u64,
}

impl Client {
    /// Starts the server that `command` describes and initialises the connection.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| Error::new(command.get_program().to_string_lossy(), cause))?;
        let pipes = (
            server.stdin.take(),
            server.stdout.take(),
            server.stderr.take(),
        );
        let (Some(stdin), Some(stdout), Some(mut stderr)) = pipes else {
            return Err(Error::new("host", "has no stdio"));
        };
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.by_ref().take(KEPT).read_to_end(&mut text);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink()); // a full pipe would block the server
            text
        });
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout)
                .lines()
                .map_while(std::io::Result::ok)
            {
                if let Ok(message) = serde_json::from_str(&line)
                    && sender.send(message).is_err()
                {
                    break;
                }
            }
        });
        let mut client = Self {
            server,
            stdin,
            messages,
            stderr: Some(stderr),
            number: 0,
        };
        let client_info = json!({"name": "tg", "version": env!("CARGO_PKG_VERSION")});
        let hello =
            json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client_info});
        client.request("initialize", &hello)?;
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(client)
    }

    /// Calls a tool. Returns its text, parsed if it is JSON; a tool's error becomes an [`Error`] whose cause is the host's
    /// own message.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}))?;
        let text = answer["content"][0]["text"].as_str().unwrap_or_default();
        let content: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        if answer["isError"].as_bool() == Some(true) {
            return Err(Error::new(tool, message_of(&content)));
        }
        Ok(content)
    }

    /// Reads a resource such as `config://states`.
    pub fn resource(&mut self, uri: &str) -> Result<Value> {
        let answer = self.request("resources/read", &json!({"uri": uri}))?;
        let text = answer["contents"][0]["text"].as_str().unwrap_or_default();
        serde_json::from_str(text).map_err(|cause| Error::new(uri, cause))
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.number += 1;
        self.send(
            &json!({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}),
        )?;
        let deadline = Instant::now() + ANSWER;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self
                .messages
                .recv_timeout(left)
                .map_err(|cause| self.no_answer(method, cause))?;
            if message["id"].as_u64() == Some(self.number) && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(Error::new(method, message_of(error))),
                    None => Ok(message["result"].clone()),
                };
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                let refusal = json!({"code": -32601, "message": "method not found"});
                self.send(&json!({"jsonrpc": "2.0", "id": id, "error": refusal}))?;
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        self.stdin
            .write_all(line.as_bytes())
            .map_err(|_| self.no_answer("write", RecvTimeoutError::Disconnected))
    }

    /// The error for an answer that did not come.
    fn no_answer(&mut self, method: &str, cause: RecvTimeoutError) -> Error {
        let cause = match cause {
            RecvTimeoutError::Timeout => {
                format!("no answer from the host within {} s", ANSWER.as_secs())
            }
            RecvTimeoutError::Disconnected => match self.server.wait() {
                Ok(status) => self.exit_message(status),
                Err(cause) => format!("the host is gone: {cause}"),
            },
        };
        Error::new(method, cause)
    }

    /// The server's own error message. Its children may keep its stderr open; they are waited for up to 200 ms.
    fn exit_message(&mut self, status: ExitStatus) -> String {
        let begun = Instant::now();
        let is_open = |stderr: &JoinHandle<_>| !stderr.is_finished();
        while begun.elapsed() < Duration::from_millis(200)
            && self.stderr.as_ref().is_some_and(is_open)
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        let stderr = self.stderr.take_if(|stderr| stderr.is_finished());
        let stderr = stderr.and_then(|stderr| stderr.join().ok());
        match last_words(&stderr.unwrap_or_default()).as_str() {
            "" => format!("the host ended ({status}); see its log in the run's logs/"),
            words => format!("the host ended: {words}"),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill(); // fails if it has exited
        let _ = self.server.wait();
    }
}

fn message_of(error: &Value) -> String {
    error["message"]
        .as_str()
        .or(error.as_str())
        .map_or_else(|| error.to_string(), String::from)
}
