//! A snapshot of any bytes, plain or gzip: read in place and by serde, which must agree, and every run in it measured.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Read;
use tg_fuzz::content::read_alike;
use tg_host::snapshot::text;

fuzz_target!(|bytes: &[u8]| {
    let mut plain = Vec::new();
    let text = text::plain(bytes, Some(bytes.len() as u64));
    if text
        .and_then(|mut text| text.read_to_end(&mut plain))
        .is_err()
    {
        return;
    }
    match read_alike(&plain) {
        Ok(ledger) => _ = tg_fuzz::measure_all(ledger),
        Err(cause) => assert!(!cause.is_empty() && cause.len() < 1000, "{cause}"),
    }
});
