//! A snapshot of any bytes, plain or gzip: read, and every run in it measured.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tg_host::Snapshot;
use tg_host::snapshot::text;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = text::plain(bytes, Some(bytes.len() as u64)) else {
        return;
    };
    match Snapshot::read(text) {
        Ok(snapshot) => _ = tg_fuzz::measure_all(snapshot),
        Err(cause) => assert!(!cause.is_empty() && cause.len() < 1000, "{cause}"),
    }
});
