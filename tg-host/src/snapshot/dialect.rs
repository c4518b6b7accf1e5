//! The values that the dialects write differently.
//!
//! Times are integers up to host 0.3.0 and in our own files, ISO strings cut to whole seconds in host 0.5.0. Which of
//! the two was seen is noted per thread while a file is parsed, because a field's deserialiser has nobody to tell.

use serde::{Deserialize, Deserializer, de};
use std::cell::Cell;
use std::time::UNIX_EPOCH;

thread_local! {
    static RESOLUTION_MS: Cell<i64> = const { Cell::new(1) };
}

pub(super) fn reset_resolution() {
    RESOLUTION_MS.set(1);
}

pub(super) fn resolution() -> i64 {
    RESOLUTION_MS.get()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Integer(i64),
    Text(String),
}

pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Option::<NumberOrText>::deserialize(deserializer)? {
        None => None,
        Some(NumberOrText::Integer(ms)) => Some(ms),
        Some(NumberOrText::Text(text)) => {
            if !text.contains('.') {
                RESOLUTION_MS.set(1000);
            }
            Some(iso(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no time")))?)
        }
    })
}

fn iso(text: &str) -> Option<i64> {
    let zulu = text
        .strip_suffix("+00:00")
        .map_or_else(|| text.to_string(), |time| format!("{time}Z"));
    let time = humantime::parse_rfc3339(&zulu).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64)
}

pub(super) fn priority<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(
        Option::<NumberOrText>::deserialize(deserializer)?.map(|value| match value {
            NumberOrText::Integer(number) => number.to_string(),
            NumberOrText::Text(text) => text,
        }),
    )
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

/// A list, or the JSON text of one; what is not a list of strings reads as none, as it does at the host.
pub(super) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Option::<ListOrText>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(ListOrText::List(tags)) => tags,
        Some(ListOrText::Text(text)) => serde_json::from_str(&text).unwrap_or_default(),
    })
}
