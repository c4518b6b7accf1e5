//! Whom we answer: the person at this machine, and no page of somebody else's that their browser has open.
//!
//! A page of somebody else's can make the browser send us requests. Where it does so under its own name, made to point
//! here (DNS rebinding), the Host header tells; where it asks for our address, the browser says in Origin and
//! Sec-Fetch-Site whose page asked. A link to us may stand anywhere: following it shows the page to the person, not to
//! whoever wrote the link. The port in Host is not looked at: behind a tunnel it is another one, and names are what counts.

use crate::http::{Request, Response};
use std::net::{IpAddr, SocketAddr};

/// The answer to a request that is not to be answered otherwise.
pub fn refuse(request: &Request, ours: SocketAddr) -> Option<Response> {
    let host = request.header("host").unwrap_or_default();
    if !is_ours(host, ours.ip()) {
        let words = "this address is not ours: open the page as http://127.0.0.1:PORT/";
        return Some(Response::refusal("421 Misdirected Request", words));
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let words = "there is only something to look at here";
        return Some(Response::refusal("405 Method Not Allowed", words));
    }
    let is_foreign = is_of_another_origin(request, host) || is_of_another_site(request);
    is_foreign.then(|| Response::refusal("403 Forbidden", "asked for by a page of another origin"))
}

fn is_ours(host: &str, ours: IpAddr) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    match address.parse::<IpAddr>() {
        // Listening on all addresses, any of them is ours: a name is what a stranger could have made.
        Ok(address) => address.is_loopback() || address == ours || ours.is_unspecified(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

fn is_of_another_origin(request: &Request, host: &str) -> bool {
    request.has("origin")
        && request
            .header("origin")
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_none_or(|origin| !origin.eq_ignore_ascii_case(host))
}

fn is_of_another_site(request: &Request) -> bool {
    let is_link = request.header("sec-fetch-mode") == Some("navigate")
        && request.header("sec-fetch-dest") == Some("document");
    match request.header("sec-fetch-site") {
        Some("same-origin" | "none") => false,
        Some(_) => !is_link,
        None => request.has("sec-fetch-site"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::request;

    fn status(lines: &str) -> &'static str {
        let ours = "127.0.0.1:4000".parse().unwrap();
        refuse(&request(lines), ours).map_or("", |refusal| &refusal.status[..3])
    }

    #[test]
    fn only_our_own_names() {
        for host in [
            "127.0.0.1:4000",
            "localhost:8080",
            "LOCALHOST",
            "[::1]:4000",
            "127.0.0.1",
        ] {
            assert_eq!(
                status(&format!("GET / HTTP/1.1\nHost: {host}")),
                "",
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "evil.example:4000",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4000",
            "10.0.0.1:4000",
            "",
            "127.0.0.1:4000\nHost: evil.example",
        ] {
            let lines = format!("GET / HTTP/1.1\nHost: {host}");
            assert_eq!(status(&lines), "421", "{host}");
        }
        assert_eq!(status("GET / HTTP/1.1"), "421");
    }

    #[test]
    fn only_our_own_pages_and_links() {
        let with = |more: &str| {
            status(&format!(
                "GET /api/state HTTP/1.1\nHost: localhost:1\n{more}"
            ))
        };
        assert_eq!(with("Origin: http://localhost:1"), "");
        assert_eq!(with("Sec-Fetch-Site: same-origin"), "");
        assert_eq!(with("Sec-Fetch-Site: none"), "");
        let link = "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document";
        assert_eq!(with(&format!("Sec-Fetch-Site: cross-site\n{link}")), "");
        for foreign in [
            "Origin: http://evil.example",
            "Origin: http://localhost:2",
            "Origin: https://localhost:1",
            "Origin: null",
            "Origin: http://localhost:1\nOrigin: http://localhost:1",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe",
            "Sec-Fetch-Site: none\nSec-Fetch-Site: none",
        ] {
            assert_eq!(with(foreign), "403", "{foreign}");
        }
    }

    #[test]
    fn only_looking() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let lines = format!("{method} / HTTP/1.1\nHost: localhost");
            assert_eq!(status(&lines), "405", "{method}");
        }
        assert_eq!(status("HEAD / HTTP/1.1\nHost: localhost"), "");
    }
}
