//! A snapshot of any bytes, plain or gzip: read, in place and by serde alike, and every run in it measured.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Read;
use tg_host::snapshot::text;
use tg_host::{Ledger, Snapshot};

fuzz_target!(|bytes: &[u8]| {
    let mut plain = Vec::new();
    let text = text::plain(bytes, Some(bytes.len() as u64));
    if text
        .and_then(|mut text| text.read_to_end(&mut plain))
        .is_err()
    {
        return;
    }
    let quick = Ledger::read(plain.as_slice());
    assert!(
        quick == Ledger::plain(plain.as_slice()),
        "read in place, it is another"
    );
    let unread = Snapshot::read(plain.as_slice()).map(|snapshot| snapshot.unread);
    assert_eq!(unread, quick.clone().map(|ledger| ledger.unread));
    match quick {
        Ok(ledger) => _ = tg_fuzz::measure_all(ledger),
        Err(cause) => assert!(!cause.is_empty() && cause.len() < 1000, "{cause}"),
    }
});
