//! The decision which requests are answered: those of the user of this machine, and not those of foreign pages in the
//! user's browser.
//!
//! A foreign page can make the browser send requests. If it uses its own name, made to point here (DNS rebinding), the Host
//! header has that name; if it uses our address, the browser sends the page's origin in Origin and Sec-Fetch-Site. A link
//! to us may be anywhere: following it shows the page to the user, not to the author of the link. The port in Host is
//! ignored: behind a tunnel it differs, and only names matter.

use crate::http::{Request, Response};
use std::net::{IpAddr, SocketAddr};

/// The refusal of a request; none if it is to be answered.
pub fn refusal(request: &Request, ours: SocketAddr) -> Option<Response> {
    let host = request.header("host").unwrap_or_default();
    if !is_ours(host, ours.ip()) {
        let words =
            "this is not an address of this server: open the page as http://127.0.0.1:PORT/";
        return Some(Response::refusal("421 Misdirected Request", words));
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let words = "this server only answers GET and HEAD";
        return Some(Response::refusal("405 Method Not Allowed", words));
    }
    let is_foreign = is_of_another_origin(request, host) || is_of_another_site(request);
    is_foreign.then(|| {
        Response::refusal(
            "403 Forbidden",
            "a page of another origin sent this request",
        )
    })
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
        // If we listen on all addresses, each of them is ours. A name may belong to a foreign page.
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
        refusal(&request(lines), ours).map_or("", |refusal| &refusal.status[..3])
    }

    #[test]
    fn only_our_own_names() {
        let ours = "127.0.0.1:4000 localhost:8080 LOCALHOST [::1]:4000 127.0.0.1";
        let foreign = "evil.example evil.example:4000 localhost.evil.example 127.0.0.1.evil.example:4000 10.0.0.1:4000";
        let get = |host: &str| status(&format!("GET / HTTP/1.1\nHost: {host}"));
        for host in ours.split(' ') {
            assert_eq!(get(host), "", "{host}");
        }
        let foreign = foreign.split(' ');
        for host in foreign.chain(["", "127.0.0.1:4000\nHost: evil.example"]) {
            assert_eq!(get(host), "421", "{host}");
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
