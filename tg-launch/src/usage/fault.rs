//! The reason why a provider refused an agent, read from the program's own error messages.
//!
//! Only what a program prints as an error is read, never the model's text or a tool's answer. Being throttled for a
//! while is not a fault: programs try again, so they print an error only when they give up.

use tg_stage::Fault;

/// Phrases of errors, by the fault that they mean. A status number matches only as a word of its own.
const SIGNS: [(Fault, &str); 2] = [
    (
        Fault::Auth,
        "401|403|unauthorized|forbidden|invalid api key|api key not valid|invalid_api_key|authentication_error|\
         authentication_failed|permission_error|unauthenticated|permission_denied",
    ),
    (
        Fault::Quota,
        "402|429|too many requests|insufficient_quota|quota|rate limit|rate_limit|resource_exhausted|\
         credit balance|billing|usage limit",
    ),
];

/// The fault whose phrase an error message contains.
pub fn in_message(message: &str) -> Option<Fault> {
    let message = message.to_lowercase();
    let has = |sign: &str| {
        let mut at = message.match_indices(sign);
        let is_number = sign.bytes().all(|byte| byte.is_ascii_digit());
        at.any(|(at, _)| !is_number || stands_alone(&message, at, sign.len()))
    };
    SIGNS
        .iter()
        .find(|(_, signs)| signs.split('|').any(has))
        .map(|(fault, _)| *fault)
}

/// The fault whose HTTP status a line of stderr about an attempt names as a status.
pub fn in_status(line: &str) -> Option<Fault> {
    let at = line.find("status")?;
    let number = line[at + "status".len()..].trim_start_matches([':', ' ', '=', '"']);
    match number.get(..3)? {
        "401" | "403" => Some(Fault::Auth),
        "402" | "429" => Some(Fault::Quota),
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
    use super::*;

    #[test]
    fn errors_of_the_provider_are_distinguished_and_others_are_none() {
        assert_eq!(
            in_message("unexpected status 401 Unauthorized: stub fault"),
            Some(Fault::Auth)
        );
        assert_eq!(in_message("[API Error: 401 stub fault]"), Some(Fault::Auth));
        assert_eq!(
            in_message("exceeded retry limit, last status: 429 Too Many Requests"),
            Some(Fault::Quota)
        );
        assert_eq!(
            in_message("You exceeded your current quota"),
            Some(Fault::Quota)
        );
        assert_eq!(in_message("stream disconnected after 4013 ms"), None);
        assert_eq!(in_message("internal server error 500"), None);
        assert_eq!(in_status("  status: 429"), Some(Fault::Quota));
        assert_eq!(
            in_status("Attempt 1 failed with status 401. Retrying"),
            Some(Fault::Auth)
        );
        assert_eq!(in_status("at chunk.js:429:12"), None);
    }
}
