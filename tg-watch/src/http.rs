//! The part of HTTP that a page and its JSON need: one request per connection, GET and HEAD, no body.
//!
//! `httparse` parses the head; hyper uses it too, it is maintained, and it depends on nothing. The servers without an async
//! runtime that were examined (`tiny_http`, `rouille`, `touche`) have had no release for years, or set no time limit on a
//! connection. A stream of events may last for hours, so what matters is how long a write may take and whether the browser
//! has gone, and both need the socket. So the socket is handled here; the rest is small.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The longest head that is read, in bytes.
const LONGEST: usize = 16 << 10;
/// The longest time in which a browser sends its head.
const PATIENCE: Duration = Duration::from_secs(5);
/// A browser that reads nothing for this long counts as gone.
const STUCK: Duration = Duration::from_secs(10);

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD`, ...
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The value of the header `name`; none if there are several of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.named(name);
        let first = found.next()?;
        found.next().is_none().then_some(first.1.as_str())
    }

    /// True if there is a header called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &(String, String)> {
        let headers = self.headers.iter();
        headers.filter(move |header| header.0.eq_ignore_ascii_case(name))
    }
}

/// The answer to a request.
#[derive(Debug, Clone)]
pub struct Response {
    /// The number and the words of the status line.
    pub status: &'static str,
    pub media: &'static str,
    /// The content security policy, if it is not the strictest.
    pub policy: Option<String>,
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with status 200.
    pub fn ok(media: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: "200 OK",
            media,
            policy: None,
            body: body.into(),
        }
    }

    /// A refusal, with its cause as text.
    pub fn refusal(status: &'static str, words: &str) -> Self {
        Self {
            status,
            media: "text/plain; charset=utf-8",
            policy: None,
            body: format!("{words}\n").into_bytes(),
        }
    }
}

/// Reads the head of a request. An error is the answer to send, if any.
pub fn read(stream: &mut TcpStream) -> Result<Request, Option<Response>> {
    let start = Instant::now();
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let left = PATIENCE.saturating_sub(start.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Err(None);
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return Err(None),
            Ok(more) => head.extend_from_slice(&chunk[..more]),
        }
        match parse(&head) {
            Some(parsed) => return parsed.map_err(Some),
            None if head.len() > LONGEST => {
                let words = "the request is too long";
                let status = "431 Request Header Fields Too Large";
                return Err(Some(Response::refusal(status, words)));
            }
            None => {}
        }
    }
}

/// The parsed head; none if it is incomplete.
fn parse(head: &[u8]) -> Option<Result<Request, Response>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(cause) => {
            let words = cause.to_string();
            return Some(Err(Response::refusal("400 Bad Request", &words)));
        }
    }
    let target = parsed.path.unwrap_or_default();
    let text = |header: &httparse::Header| {
        let value = String::from_utf8_lossy(header.value).trim().to_string();
        (header.name.to_string(), value)
    };
    Some(Ok(Request {
        method: parsed.method.unwrap_or_default().into(),
        path: target.split(['?', '#']).next().unwrap_or_default().into(),
        headers: parsed.headers.iter().map(text).collect(),
    }))
}

/// The head that all answers share: no other page may load, frame or guess it, and it is not cached.
fn common_head(status: &str, media: &str, policy: Option<&str>) -> String {
    let policy = policy.unwrap_or("default-src 'none'; frame-ancestors 'none'");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Security-Policy: {policy}\r\n\
         X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
         Connection: close\r\n"
    )
}

/// Sends an answer and ends the connection.
pub fn send(stream: &mut TcpStream, response: &Response, with_body: bool) -> io::Result<()> {
    stream.set_write_timeout(Some(STUCK))?;
    let mut head = common_head(response.status, response.media, response.policy.as_deref());
    if response.status.starts_with("405") {
        head.push_str("Allow: GET, HEAD\r\n");
    }
    let length = response.body.len();
    stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes())?;
    if with_body {
        stream.write_all(&response.body)?;
    }
    finish(stream)
}

/// Waits until the browser has read everything: if its own bytes are unread when the socket is closed, the answer is lost.
fn finish(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut rest = [0; 4096];
    for _ in 0..64 {
        if stream.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Begins a stream of events.
pub fn begin_events(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_write_timeout(Some(STUCK))?;
    stream.set_nodelay(true)?;
    let head = common_head("200 OK", "text/event-stream; charset=utf-8", None);
    stream.write_all(format!("{head}X-Accel-Buffering: no\r\n\r\n").as_bytes())
}

/// Sends one event whose data is one line.
pub fn send_event(stream: &mut TcpStream, name: &str, data: &str) -> io::Result<()> {
    stream.write_all(format!("event: {name}\ndata: {data}\n\n").as_bytes())
}

/// Sends a comment, which fails if the browser has gone.
pub fn send_nothing(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b": still here\n\n")
}

/// A part of a path with its percent signs decoded; none if that is not text.
pub fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [*rest.next()?, *rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A name, encoded as a part of a path.
pub fn encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The request with these lines.
    pub fn request(lines: &str) -> Request {
        let head = lines.replace('\n', "\r\n") + "\r\n\r\n";
        parse(head.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_header_that_is_sent_twice_is_none() {
        let twice = request("GET /a?b=c HTTP/1.1\nHost: one\nhost: two\nX: y");
        assert_eq!(twice.path, "/a");
        assert_eq!(twice.header("Host"), None);
        assert!(twice.has("HOST"));
        assert_eq!(twice.header("x"), Some("y"));
    }

    #[test]
    fn names_survive_as_parts_of_paths() {
        for name in ["a-r1", "ä b/..%2f", "100%", ""] {
            assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
            assert!(!encoded(name).contains('/'));
        }
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
