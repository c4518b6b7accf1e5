//! A snapshot of any bytes, copied unchanged and in the form of the host's import: the copy can be read, has every row, and
//! does not change when it is copied again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tg_export::copy_snapshot;
use tg_host::Snapshot;

/// Tables that the host imports and we read; all others stay unchanged.
const IMPORTED: [&str; 7] = [
    "tasks",
    "dependencies",
    "task_sequence",
    "task_state_sequence",
    "task_tags",
    "task_needed_tags",
    "task_wanted_tags",
];

fn copied(text: &[u8], for_import: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    copy_snapshot(text, for_import, &mut out).ok().map(|()| out)
}

fn read(text: &[u8]) -> Snapshot {
    Snapshot::read(text).expect("a copy can be read")
}

/// The number of rows of tasks and of the history, readable or not.
fn rows(snapshot: &Snapshot) -> u64 {
    let tables = &snapshot.tables;
    let read = tables.tasks.len() + tables.task_sequence.len();
    let unread = snapshot.unread.iter();
    let unread = unread.filter(|one| {
        ["tasks", "task_sequence", "task_state_sequence"].contains(&one.table.as_str())
    });
    read as u64 + unread.map(|one| one.rows).sum::<u64>()
}

fuzz_target!(|text: &[u8]| {
    if let Some(copy) = copied(text, false) {
        let (before, after) = (read(text), read(&copy));
        assert_eq!(rows(&before), rows(&after));
        assert_eq!(before.unread, after.unread);
        assert_eq!(before.resolution_ms, after.resolution_ms);
        assert_eq!(copied(&copy, false), Some(copy));
    }
    if let Some(copy) = copied(text, true) {
        tg_fuzz::is_json(&copy);
        let (before, after) = (read(text), read(&copy));
        assert_eq!(rows(&before), rows(&after));
        let lost = after
            .unread
            .iter()
            .find(|one| IMPORTED.contains(&one.table.as_str()));
        assert!(lost.is_none(), "{lost:?}");
        assert!(after.resolution_ms >= before.resolution_ms);
        assert_eq!(copied(&copy, true), Some(copy));
    }
});
