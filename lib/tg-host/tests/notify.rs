//! The kernel, not the clock, reports commits; it reports nothing about other files.

use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use tg_host::database;
use tg_host::notify::{HEARTBEAT, Notifier};

fn directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a directory");
    dir
}

#[test]
fn each_commit_is_seen_with_a_few_looks() {
    let path = directory("commits").join("tasks.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE tasks(id); PRAGMA wal_autocheckpoint=0;",
        )
        .unwrap();
    let reader = database::open_read_only(&path).unwrap();
    let mut notifier = Notifier::on(&path);
    assert!(
        notifier.has_events(),
        "this file system has no notification"
    );
    let mut version = database::data_version(&reader).unwrap();
    for commit in 0..20 {
        writer
            .execute("INSERT INTO tasks VALUES (?1)", [commit])
            .unwrap();
        let begun = Instant::now();
        // Every look follows from the write: the clock alone would look once a second.
        loop {
            assert!(notifier.wait(HEARTBEAT), "commit {commit} was not reported");
            let now = database::data_version(&reader).unwrap();
            if now != version {
                version = now;
                notifier.found();
                break;
            }
            assert!(begun.elapsed() < HEARTBEAT, "commit {commit} was not seen");
        }
    }
}

#[test]
fn what_is_written_by_others_is_not_told() {
    let dir = directory("others");
    let log = dir.join("agent.log");
    std::fs::write(&log, "").unwrap();
    let mut notifier = Notifier::on(&dir.join("tasks.db"));
    let done = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::File::options().append(true).open(&log).unwrap();
            while !done.load(Ordering::Relaxed) {
                std::io::Write::write_all(&mut file, b"line\n").unwrap();
                sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..20 {
            assert!(!notifier.wait(Duration::from_millis(20)));
        }
        done.store(true, Ordering::Relaxed);
    });
    // A new file is reported: the end of a run is one.
    std::fs::write(dir.join("end.json"), "{}").unwrap();
    assert!(notifier.wait(HEARTBEAT));
    // So is a file in the run's own directory, if the database is elsewhere.
    let mut notifier = Notifier::on(&dir.join("tasks.db"));
    let run = directory("run");
    notifier.and_in(&run);
    assert!(!notifier.wait(Duration::from_millis(20)));
    std::fs::write(run.join("launch.lock"), "").unwrap();
    assert!(notifier.wait(HEARTBEAT));
}

#[test]
fn who_waits_can_be_called_away() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut notifier = Notifier::on(&directory("called").join("tasks.db"));
    notifier.until(Arc::new(reader.into()));
    std::io::Write::write_all(&mut writer, b".").unwrap();
    let begun = Instant::now();
    for _ in 0..10 {
        assert!(!notifier.wait(HEARTBEAT), "nothing was written");
    }
    assert!(begun.elapsed() < HEARTBEAT);
}
