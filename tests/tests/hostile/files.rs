//! Files that are not snapshots: empty files, noise, devices, and gzip bombs.

use crate::{refused, run};
use flate2::write::DeflateEncoder;
use flate2::{Compression, FlushCompress};
use std::fs;
use std::io::Write;
use tg_tests::Lab;

/// The first bytes of a gzip file, and the end of one with the checksum of no data.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
const TAIL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Plain text of one bomb's block, in bytes.
const BLOCK: usize = 16 << 20;

#[test]
fn empty_or_noise_or_no_file() {
    let lab = Lab::new();
    fs::write(lab.path("empty.json"), "").unwrap();
    refused(&lab, "empty.json", "is empty: not a snapshot");
    fs::write(lab.path("blank.json"), " \n".repeat(1000)).unwrap();
    refused(&lab, "blank.json", "is empty: not a snapshot");
    fs::write(
        lab.path("noise.gz"),
        [0x1f, 0x8b, 8, 0, 7, 7, 7, 7, 7, 7, 7, 7],
    )
    .unwrap();
    refused(&lab, "noise.gz", "broken gzip");
    fs::write(lab.path("nul.json"), [0; 1000]).unwrap();
    refused(&lab, "nul.json", "does not begin with {");
    fs::write(lab.path("utf16.json"), b"\xff\xfe{\0\"\0").unwrap();
    refused(&lab, "utf16.json", "does not begin with {");
    refused(&lab, "none.json", "no such file or directory");
    fs::create_dir(lab.path("dir.json")).unwrap();
    refused(&lab, "dir.json", "no run in it has a snapshot");
}

#[test]
fn pipes_and_devices_do_not_end() {
    let lab = Lab::new();
    lab.sh("mkfifo pipe").ok();
    let says = "is a pipe or a device, and not a file\nhint: write it to a file first";
    for file in ["pipe", "/dev/zero"] {
        for line in [
            "tg-metrics F",
            "tg-export --db F --out out.json",
            "tg-instantiate --template F --db out.db",
        ] {
            let done = run(&lab, &line.replace('F', file));
            assert_eq!(
                (done.status, done.err.contains(says)),
                (4, true),
                "{line} {file}: {}",
                done.err
            );
        }
    }
    // Records may come by a pipe, and their lines end.
    for line in [
        "tg-report /dev/zero",
        "tg-metrics < /dev/zero",
        "tg-export < /dev/zero",
        "tg-report < /dev/zero",
    ] {
        let done = run(&lab, line);
        assert_eq!(done.status, 3, "{line}: {}", done.err);
        assert!(
            done.err.contains("line 1: is longer than 16 MiB"),
            "{line}: {}",
            done.err
        );
    }
    let done = run(&lab, "tg-instantiate /dev/zero");
    assert_eq!(done.status, 4, "{}", done.err);
}

/// The same text again and again, compressed once: after a full flush each copy is independent.
fn block(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(BLOCK);
    for chunk in text.chunks(1 << 16) {
        encoder
            .compress_vec(chunk, &mut out, FlushCompress::None)
            .unwrap();
    }
    encoder
        .compress_vec(&[], &mut out, FlushCompress::Full)
        .unwrap();
    out
}

#[test]
fn bombs_of_two_gigabytes() {
    let lab = Lab::new();
    let spaces = block(&vec![b' '; BLOCK]);
    let mut first = DeflateEncoder::new(Vec::new(), Compression::best());
    first
        .write_all(b"{\"tables\":{\"tasks\":[{\"id\":\"")
        .unwrap();
    first.flush().unwrap();
    let first = first.get_ref().clone();
    let letters = block(&vec![b'a'; BLOCK]);
    let bombs = [
        (
            "one-member.gz",
            [&HEAD[..], &spaces.repeat(128), &TAIL].concat(),
        ),
        (
            "many-members.gz",
            [&HEAD[..], &spaces, &TAIL].concat().repeat(128),
        ),
        (
            "one-row.gz",
            [&HEAD[..], &first, &letters.repeat(128), &TAIL].concat(),
        ),
    ];
    for (name, bomb) in bombs {
        assert!(bomb.len() < 4_000_000, "{name} has {} bytes", bomb.len());
        fs::write(lab.path(name), bomb).unwrap();
        let says = match name {
            "one-row.gz" => {
                "is longer than 64 MiB: not a row of the host (table \"tasks\", row 1, byte 20)"
            }
            "many-members.gz" => "broken gzip", // the first checksum is wrong
            _ => "expands to more than 200 times its size: not a snapshot",
        };
        refused(&lab, name, says);
    }
    lab.sh("gzip -c one-member.gz > nested.gz").ok();
    refused(&lab, "nested.gz", "does not begin with {");
}
