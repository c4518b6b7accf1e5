//! Why a provider turned an agent away, told from the program's own error messages.
//!
//! Only what a program prints as an error is looked at, never what the model says or a tool answers. Being throttled for a
//! while is no fault: programs try again, so only what they give up on is an error.

/// Phrases of errors, and what they mean. Status numbers are looked for as words of their own.
const SIGNS: [(&str, &[&str]); 2] = [
    (
        "auth",
        &[
            "401",
            "403",
            "unauthorized",
            "forbidden",
            "invalid api key",
            "api key not valid",
            "invalid_api_key",
            "authentication_error",
            "authentication_failed",
            "permission_error",
            "unauthenticated",
            "permission_denied",
        ],
    ),
    (
        "quota",
        &[
            "402",
            "429",
            "too many requests",
            "insufficient_quota",
            "quota",
            "rate limit",
            "rate_limit",
            "resource_exhausted",
            "credit balance",
            "billing",
            "usage limit",
        ],
    ),
];

/// `auth` or `quota`, where an error message tells of one.
pub fn of(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let has = |sign: &str| {
        let mut at = message.match_indices(sign);
        let is_number = sign.bytes().all(|byte| byte.is_ascii_digit());
        at.any(|(at, _)| !is_number || stands_alone(&message, at, sign.len()))
    };
    SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| has(sign)))
        .map(|(fault, _)| *fault)
}

/// The same of a line that a program writes to stderr about an attempt: only where it names the HTTP status as one.
pub fn of_status(line: &str) -> Option<&'static str> {
    let at = line.find("status")?;
    let number = line[at + "status".len()..].trim_start_matches([':', ' ', '=', '"']);
    match number.get(..3)? {
        "401" | "403" => Some("auth"),
        "402" | "429" => Some("quota"),
        _ => None,
    }
}

fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    !text[..at].ends_with(is_part)
        && !text[at + length..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{of, of_status};

    #[test]
    fn errors_of_the_provider_are_told_apart_and_others_are_none() {
        assert_eq!(
            of("unexpected status 401 Unauthorized: stub fault"),
            Some("auth")
        );
        assert_eq!(of("[API Error: 401 stub fault]"), Some("auth"));
        assert_eq!(
            of("exceeded retry limit, last status: 429 Too Many Requests"),
            Some("quota")
        );
        assert_eq!(of("You exceeded your current quota"), Some("quota"));
        assert_eq!(of("stream disconnected after 4013 ms"), None);
        assert_eq!(of("internal server error 500"), None);
        assert_eq!(of_status("  status: 429"), Some("quota"));
        assert_eq!(
            of_status("Attempt 1 failed with status 401. Retrying"),
            Some("auth")
        );
        assert_eq!(of_status("at chunk.js:429:12"), None);
    }
}
